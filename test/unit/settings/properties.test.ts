import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProperties } from '../../../runtime/settings/properties.ts';

const ESCAPED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f' };

function escape(text: string): string {
  return text.replace(/[\\ :=#!\t\n\r\f]/g, (char) => ESCAPED[char] ?? `\\${char}`);
}

describe('properties', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a = 1 ', { a: '1 ' }],
    ['a:1\nb 2\nc\t=\t3', { a: '1', b: '2', c: '3' }],
    ['# comment\n! comment\n\n  a=1', { a: '1' }],
    ['a=1\\\n   ,2', { a: '1,2' }],
    ['a=1\\\\\nb=2', { a: '1\\', b: '2' }],
    ['key\\ with\\ spaces=x', { 'key with spaces': 'x' }],
    ['a\\=b=c=d', { 'a=b': 'c=d' }],
    ['a=\\u00fc\\t\\n', { a: 'ü\t\n' }],
    ['a', { a: '' }],
    ['a=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
    ['a=1\na=2', { a: '2' }],
    ['a=#no comment', { a: '#no comment' }],
    ['a=1\\', { a: '1' }],
    ['__proto__=x', JSON.parse('{"__proto__":"x"}')],
  ])('reads %j as Java does', (text, expected) => {
    expect(parseProperties(text)).toEqual(expected);
  });

  it('refuses a malformed escape', () => {
    expect(() => parseProperties('a=\\u12')).toThrow(
      expect.objectContaining({ code: 'SETTINGS_PROPERTIES_MALFORMED' }),
    );
  });

  it('reads back any key and value that were escaped', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (key, value) => {
        expect(Object.entries(parseProperties(`${escape(key)}=${escape(value)}`))).toEqual([[key, value]]);
      }),
    );
  });
});
