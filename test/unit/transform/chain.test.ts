import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../../runtime/record/error.ts';
import { field, STRING, structOf } from '../../../runtime/record/schema-builder.ts';
import { struct } from '../../../runtime/record/value.ts';
import { createChain } from '../../../runtime/transform/chain.ts';
import { TransformFailure } from '../../../runtime/transform/transform-failure.ts';
import type { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import { chained, loose, recordOf } from './records.ts';

const explode = { 'transforms.e.type': 'Explode', 'transforms.e.field': 'items' };

describe('EventRouter', () => {
  test.each(['warn', 'error'] as const)('tells an update of the outbox table in the log: %s', (level) => {
    const said: string[] = [];
    const note = (as: string) => (message: string) => void said.push(`${as}: ${message}`);
    const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
    const type = 'io.debezium.transforms.outbox.EventRouter';
    const config = { transforms: 'o', 'transforms.o.type': type, 'transforms.o.table.op.invalid.behavior': level };
    const schema = structOf([field('op', STRING)], { name: 'x.Envelope' });
    const out: TransformRecord[] = [];
    createChain(config, log)?.apply(recordOf(struct({ op: 'u' }), schema, { topic: 'outbox' }), out);
    expect(out).toEqual([]);
    expect(said).toEqual([`${level}: EventRouter ignores an update in outbox`]);
  });
});

describe('a chain', () => {
  test('is none without transforms', () => {
    expect(createChain({})).toBeNull();
    expect(createChain({ transforms: ' ' })).toBeNull();
  });

  test('runs its transforms in order, each where its predicate says so', () => {
    const config = {
      transforms: 'a,b,c',
      'transforms.a.type': 'InsertField$Value',
      'transforms.a.static.field': 'x',
      'transforms.a.static.value': '1',
      'transforms.b.type': 'ReplaceField$Value',
      'transforms.b.renames': 'x:y',
      'transforms.b.predicate': 'mine',
      'transforms.c.type': 'HoistField$Value',
      'transforms.c.field': 'h',
      'transforms.c.predicate': 'mine',
      'transforms.c.negate': 'true',
      predicates: 'mine',
      'predicates.mine.type': 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
      'predicates.mine.pattern': 'mine',
    };
    const value = loose({ a: 1 });
    expect(chained(config, recordOf(value, null, { topic: 'mine' }))[0]?.value).toEqual(loose({ a: 1, y: '1' }));
    expect(chained(config, recordOf(value, null, { topic: 'yours' }))[0]?.value).toEqual(
      loose({ h: { a: 1, x: '1' } }),
    );
  });

  test('goes on with each of several records', () => {
    const config = {
      transforms: 'e,f',
      ...explode,
      'transforms.f.type': 'FilterWhere',
      'transforms.f.condition': 'value.items > 1',
    };
    const made = chained(config, recordOf(loose({ id: 1, items: [1, 2, 3] })));
    expect(made.map(({ value }) => value)).toEqual([loose({ id: 1, items: 2 }), loose({ id: 1, items: 3 })]);
  });

  test('leaves nothing of a record of which one part fails', () => {
    const config = {
      transforms: 'e,c',
      ...explode,
      'transforms.c.type': 'Cast$Value',
      'transforms.c.spec': 'items:int32',
    };
    const out = [recordOf('before')];
    const chain = createChain(config);
    expect(() => chain?.apply(recordOf(loose({ items: ['1', 'x'] })), out)).toThrow(TransformFailure);
    expect(out).toHaveLength(1);
  });

  test('says which transform failed, with the code of its error', () => {
    const config = { transforms: 'e', ...explode };
    try {
      chained(config, recordOf(loose({ items: 'no list' })));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ className: 'Explode', error: { code: 'TRANSFORM_TYPE', kind: 'data' } });
      expect((error as Error).message).toBe('transform e: The field items is no list');
    }
  });

  test.each([
    [{ transforms: 'x' }, 'transforms.x.type'],
    [{ transforms: 'x', 'transforms.x.type': 'Nope' }, 'transforms.x.type'],
    [{ transforms: 'x', 'transforms.x.type': 'ReplaceField' }, 'transforms.x.type'],
    [{ transforms: 'x', 'transforms.x.type': 'Filter', 'transforms.x.predicate': 'p' }, 'transforms.x.predicate'],
    [
      { transforms: 'x', 'transforms.x.type': 'Filter', predicates: 'p', 'predicates.p.type': 'Nope' },
      'predicates.p.type',
    ],
    [
      {
        transforms: 'x',
        'transforms.x.type': 'RegexRouter',
        'transforms.x.regex': '(',
        'transforms.x.replacement': '',
      },
      'transforms.x.regex',
    ],
    [{ transforms: 'x', 'transforms.x.type': 'Cast$Value', 'transforms.x.spec': 'a:int9' }, 'transforms.x.spec'],
  ])('of %j is refused by key', (config, key) => {
    try {
      createChain(config);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError);
      expect(error).toMatchObject({ kind: 'config', key });
    }
  });
});
