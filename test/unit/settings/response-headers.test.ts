import { describe, expect, it } from 'vitest';
import { headersAt, parseResponseHeaders, type ResponseHeader } from '../../../runtime/settings/response-headers.ts';
import { workerSettings } from '../../../runtime/settings/worker-settings.ts';

const rules = (text: string): readonly ResponseHeader[] => workerSettings({ [KEY]: text }).responseHeaders;
const KEY = 'response.http.headers.config';

describe('headers of REST’s answers', () => {
  it('are none by default', () => {
    expect(workerSettings({}).responseHeaders).toEqual([]);
    expect(rules(' ')).toEqual([]);
  });

  it('are written as in Kafka Connect, rules with a comma in double quotes', () => {
    const text =
      'add Cache-Control: no-cache, "set X-XSS-Protection: 1; mode=block", "add Cache-Control:no-store, must-revalidate",' +
      'setDate Expires:0, SETDATE Last-Modified: -60000 ,add X-Empty:';
    expect(headersAt(rules(text), Date.UTC(2026, 0, 31, 12))).toEqual({
      'cache-control': ['no-cache', 'no-store, must-revalidate'],
      'x-xss-protection': '1; mode=block',
      expires: 'Sat, 31 Jan 2026 12:00:00 GMT',
      'last-modified': 'Sat, 31 Jan 2026 11:59:00 GMT',
      'x-empty': '',
    });
  });

  it('of which set takes the place of what was there before, and add stands beside it', () => {
    expect(headersAt(rules('add A:1,add a:2,set A:3,addDate A:0'), 0)).toEqual({
      a: ['3', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    });
  });

  it('leave alone how the answer is sent', () => {
    const text = 'set Content-Length:1,set Transfer-Encoding:chunked,set Connection:close,set Content-Type:text/html';
    expect(headersAt(rules(text), 0)).toEqual({});
  });

  it.each([
    ['set', 'Invalid format of header config'],
    ['X-Frame-Options:DENY', 'Invalid format of header config'],
    ['put X-Frame-Options:DENY', "Invalid header config action: 'put'. Expected one of [set, add, setDate, addDate]"],
    ['set X-Frame-Options', 'Invalid format of header name and header value pair'],
    ['set A:b:c', 'Invalid format of header name and header value pair'],
    ['set X Frame:DENY', "Invalid header name 'X Frame'"],
    ['set :DENY', "Invalid header name ''"],
    ['set Ä:1', "Invalid header name 'Ä'"],
    ['set A:x\ny', "Invalid header value of 'A'"],
    ['set A:x\u0100', "Invalid header value of 'A'"],
    ['setDate Expires:soon', 'setDate takes milliseconds from now'],
    ['set A:1,put B:2', "Invalid header config action: 'put'"],
  ])('%j is refused at the start, by its key', (text, problem) => {
    expect(() => workerSettings({ [KEY]: text })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', key: KEY }),
    );
    expect(() => workerSettings({ [KEY]: text })).toThrow(problem);
  });

  it('never throw, whatever is written', () => {
    for (const text of ['"', '"a', 'a"b,c"', ',,,', '\\', '"\\"', 'set a:"b,c"']) {
      expect(() => parseResponseHeaders(text)).not.toThrow();
    }
  });
});

describe('listeners of /admin', () => {
  it('are those of REST where none are named, and none where the list is empty', () => {
    expect(workerSettings({}).adminListeners).toBeNull();
    expect(workerSettings({ 'admin.listeners': '' }).adminListeners).toEqual([]);
    expect(workerSettings({ 'admin.listeners': ' ' }).adminListeners).toEqual([]);
    expect(workerSettings({ 'admin.listeners': 'http://127.0.0.1:8084,HTTPS://[::1]:8085' }).adminListeners).toEqual([
      { protocol: 'http', host: '127.0.0.1', port: 8084 },
      { protocol: 'https', host: '::1', port: 8085 },
    ]);
  });

  it.each(['nowhere', 'ftp://a:1', 'http://127.0.0.1:8083', 'http://127.0.0.1:70000'])(
    '%s is refused by key',
    (text) => {
      expect(() => workerSettings({ 'admin.listeners': text })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', key: 'admin.listeners' }),
      );
    },
  );
});
