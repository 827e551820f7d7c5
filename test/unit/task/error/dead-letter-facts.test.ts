import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../../runtime/record/error.ts';
import {
  originalHeaders,
  readDeadLetter,
  redriveCount,
  stackOf,
  withRedriveCount,
} from '../../../../runtime/task/error/dead-letter-facts.ts';
import { deadLetterHeaders, deadLetterPolicy, type DeadLetter } from '../../../../runtime/task/error/dead-letters.ts';

const letter: DeadLetter = {
  spec: { connector: 'c', task: 1, epoch: 0, className: 'S', config: {}, worker: {}, paused: false },
  stage: 'TASK_PUT',
  className: 'S',
  error: new MillraceError('S_NO', 'will not', { kind: 'data' }),
  form: 'sink',
  from: { topic: 't', partition: 2, offset: 9_007_199_254_740_993n },
  atMs: 17,
};
const own = [{ key: 'h', value: Buffer.from('1') }];

describe('dead letters', () => {
  test.each([true, false])('say whose they are and give the record’s headers back (context headers: %s)', (context) => {
    const headers = deadLetterHeaders(letter, own, context);
    const facts = readDeadLetter(headers);
    expect(facts).toMatchObject({ connector: 'c', topic: 't', partition: 2, offset: '9007199254740993', code: 'S_NO' });
    expect(originalHeaders(headers)).toEqual(own);
    expect(facts === null ? '' : stackOf(headers, facts)).toContain('will not');
  });

  test('carry Connect’s context headers under its names, and only where they are wanted', () => {
    const names = (context: boolean): string[] => deadLetterHeaders(letter, own, context).map(({ key }) => key);
    expect(names(false)).toEqual(['h', 'millrace.deadletter']);
    expect(names(true).slice(2)).toEqual(
      [
        'topic',
        'partition',
        'offset',
        'connector.name',
        'task.id',
        'stage',
        'class.name',
        'exception.class.name',
        'exception.message',
        'exception.stacktrace',
      ].map((name) => `__connect.errors.${name}`),
    );
  });

  test('of Kafka Connect itself are read by its context headers', () => {
    const headers = deadLetterHeaders(letter, own, true).filter(({ key }) => key !== 'millrace.deadletter');
    expect(readDeadLetter(headers)).toMatchObject({ connector: 'c', topic: 't', partition: 2, form: 'sink' });
    expect(originalHeaders(headers)).toEqual(own);
    expect(readDeadLetter(own)).toBeNull();
  });

  test('hide secrets of the configuration and passwords in addresses that an error quotes', () => {
    const error = new Error('PUT https://me:hush-url@example.org/ with key-of-store failed');
    const secret: DeadLetter = { ...letter, spec: { ...letter.spec, secrets: ['key-of-store'] }, error };
    const text = deadLetterHeaders(secret, own, true)
      .map(({ value }) => value?.toString() ?? '')
      .join('\n');
    expect(text).toContain('PUT https://me:[hidden]@example.org/ with [hidden] failed');
    expect(text).not.toMatch(/hush-url|key-of-store/);
  });

  test('count their redrives in a header', () => {
    expect(redriveCount(own)).toBe(0);
    const once = withRedriveCount(own, 1);
    expect(redriveCount(once)).toBe(1);
    expect(redriveCount(withRedriveCount(once, 2))).toBe(2);
    expect(withRedriveCount(once, 2)).toHaveLength(2);
  });

  test('of a source go to millrace’s own topic, else to Connect’s', () => {
    const config = { 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'a' };
    expect(deadLetterPolicy({ config }, 'source')).toMatchObject({ topic: 'a', contextHeaders: true });
    const both = { ...config, 'millrace.errors.deadletterqueue.topic.name': 'b' };
    expect(deadLetterPolicy({ config: both }, 'source')).toMatchObject({ topic: 'b' });
    expect(deadLetterPolicy({ config: both }, 'sink')).toMatchObject({ topic: 'a', contextHeaders: false });
  });
});
