import { describe, expect, it } from 'vitest';
import { configDiff } from '../../../../runtime/app/plan/config-diff.ts';
import { hiddenTexts } from '../../../../runtime/app/plan/hidden-texts.ts';
import type { MadeRecord, Outcome, OutcomeError } from '../../../../runtime/app/plan/outcome.ts';
import { sampleReport } from '../../../../runtime/app/plan/sample-report.ts';
import { schemaDifferences } from '../../../../runtime/app/plan/schema-fields.ts';
import { field, INT32, INT64, OPTIONAL_STRING, STRING, structOf } from '../../../../runtime/record/schema-builder.ts';

function made(value: string, more: Partial<MadeRecord> = {}): MadeRecord {
  return { topic: 'orders', key: null, value, headers: {}, keySchema: null, valueSchema: null, ...more };
}

function outcome(n: number, records: readonly MadeRecord[], error?: OutcomeError): Outcome {
  const input = { id: `orders-0 ${n}`, topic: 'orders', partition: 0, offset: BigInt(n) };
  return { input, made: records, ...(error === undefined ? {} : { error }) };
}

const run = (outcomes: readonly Outcome[]) => ({ outcomes, notes: [] });
const wrong: OutcomeError = { stage: 'TRANSFORMATION', code: 'BAD', message: 'no date', stops: true };

describe('the report of a sample', () => {
  it('counts what is as before, what is otherwise, what is only on one side', () => {
    const before = run([outcome(0, [made('a')]), outcome(1, [made('b')]), outcome(2, [made('c')])]);
    const after = run([outcome(1, [made('b')]), outcome(2, [made('C')]), outcome(3, [])]);
    const report = sampleReport('hub', before, after);
    expect(report).toMatchObject({
      records: 3,
      before: { made: 3, dropped: 0, failed: 0 },
      after: { made: 2, dropped: 1, failed: 0 },
      same: 1,
      changed: 3,
    });
    expect(report.differences.map(({ offset, before: was, after: is }) => [offset, was?.length, is?.length])).toEqual([
      ['2', 1, 1],
      ['3', undefined, 0],
      ['0', 1, undefined],
    ]);
  });

  it('sees another topic, header or order of several as a difference', () => {
    const before = run([outcome(0, [made('a'), made('b')])]);
    for (const records of [
      [made('b'), made('a')],
      [made('a', { topic: 'x' }), made('b')],
      [made('a', { headers: { h: '1' } }), made('b')],
    ])
      expect(sampleReport('hub', before, run([outcome(0, records)])).changed).toBe(1);
  });

  it('has the same error of many records once, with the first of them', () => {
    const after = run([outcome(0, [made('a')]), outcome(1, [], wrong), outcome(2, [], wrong)]);
    expect(sampleReport('hub', null, after).errors).toEqual([
      { ...wrong, count: 2, example: { topic: 'orders', partition: 0, offset: '1' } },
    ]);
  });

  it('cuts long texts in what it shows, but not in what it compares', () => {
    const long = 'x'.repeat(5000);
    const report = sampleReport('hub', run([outcome(0, [made(`${long}a`)])]), run([outcome(0, [made(`${long}b`)])]));
    expect(report.changed).toBe(1);
    expect(report.differences[0]?.after?.[0]?.value).toHaveLength(1001);
  });
});

describe('differences of schemas', () => {
  const was = structOf([field('id', INT32), field('note', OPTIONAL_STRING)]);
  const is = structOf([field('id', INT64), field('at', STRING)]);
  const of = (valueSchema: typeof was): Outcome[] => [outcome(0, [made('', { valueSchema })])];

  it('are told field by field', () => {
    expect(schemaDifferences(of(was), of(is))).toEqual([
      { topic: 'orders', part: 'value', field: 'id', before: 'int32', after: 'int64' },
      { topic: 'orders', part: 'value', field: 'note', before: 'string, optional', after: null },
      { topic: 'orders', part: 'value', field: 'at', before: null, after: 'string' },
    ]);
    expect(schemaDifferences(of(was), of(structOf([field('id', INT32), field('note', OPTIONAL_STRING)])))).toEqual([]);
  });

  it('name all the types that a field came with', () => {
    const both = [...of(was), outcome(1, [made('', { valueSchema: is })])];
    expect(schemaDifferences(null, both)).toContainEqual({
      topic: 'orders',
      part: 'value',
      field: 'id',
      before: null,
      after: 'int32 | int64',
    });
  });
});

describe('the difference of configurations', () => {
  it('is by key, and hides what is secret by its name, but not that it changes', () => {
    expect(configDiff({ a: '1', b: '2', 'my.password': 'one' }, { a: '1', c: '3', 'my.password': 'two' }, [])).toEqual([
      { key: 'b', change: 'removed', before: '2', after: null },
      { key: 'c', change: 'added', before: null, after: '3' },
      { key: 'my.password', change: 'changed', before: '[hidden]', after: '[hidden]' },
    ]);
  });
});

describe('secrets in an answer', () => {
  it('are hidden in a sample in names too: a variable may have made them', () => {
    const hide = (text: string): string => text.replaceAll('s3cret', '[hidden]');
    const plan = {
      name: 's3cret',
      sample: { from: 'hub', outputs: { after: [{ name: 's3cret/0.json', records: 1 }] } },
    };
    expect(hiddenTexts(plan, hide)).toEqual({
      name: 's3cret',
      sample: { from: 'hub', outputs: { after: [{ name: '[hidden]/0.json', records: 1 }] } },
    });
  });

  it('are hidden in texts as deep as they are, and names stay', () => {
    const hide = (text: string): string => text.replaceAll('s3cret', '[hidden]');
    const deep = {
      a: [{ b: [{ c: [{ d: { value: 'my s3cret', topic: 's3cret', name: 's3cret' } }] }] }],
      n: 1,
      none: null,
    };
    expect(hiddenTexts(deep, hide)).toEqual({
      a: [{ b: [{ c: [{ d: { value: 'my [hidden]', topic: '[hidden]', name: 's3cret' } }] }] }],
      n: 1,
      none: null,
    });
  });
});
