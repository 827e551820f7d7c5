import { describe, expect, test } from 'vitest';
import { mysqlConnector } from '../../../connectors/mysql/connector.ts';
import { postgresConnector } from '../../../connectors/postgres/connector.ts';
import type { SourceConnector } from '../../../runtime/connector/connector.ts';
import { inertKeys } from '../../../runtime/connector/inert-options.ts';
import { unknownOptions } from '../../../runtime/connector/options.ts';

const databases: readonly (readonly [string, SourceConnector])[] = [
  ['Postgres', postgresConnector],
  ['MySQL', mysqlConnector],
];

describe.each(databases)('options of Debezium for %s', (_, { options, validate }) => {
  const told = (config: Record<string, string>, key: string) =>
    validate?.(config).find((problem) => problem.key === key)?.message;

  test('that name a Java class are refused in whole sentences', () => {
    expect(told({ converters: 'x' }, 'converters')).toBe(
      'converters=x is not supported. It names a Java class, which cannot run here. ' +
        'Remove it; handling modes and transforms change values.',
    );
  });

  test('that are refused for a reason of their own say it once', () => {
    expect(told({ 'streaming.delay.ms': '5' }, 'streaming.delay.ms')).toBe(
      'streaming.delay.ms=5 is not supported. Remove it: the stream begins at the snapshot’s own place.',
    );
  });

  test('of version 1 that name the topics are said to have another name', () => {
    const key = 'database.server.name';
    expect(told({ [key]: 'shop' }, key)).toBe(
      'database.server.name is topic.prefix since Debezium 2: set topic.prefix=shop',
    );
    expect(told({ [key]: 'shop', 'topic.prefix': 'shop' }, key)).toBe(undefined);
    expect(told({}, key)).toBe(undefined);
  });

  test('that only a schema history reads are known, and said to change nothing', () => {
    const history = {
      'schema.history.internal.kafka.bootstrap.servers': 'kafka:9092',
      'schema.history.internal.store.only.captured.databases.ddl': 'true',
      'database.history.kafka.topic': 'history',
    };
    expect(unknownOptions([options], history)).toEqual([]);
    expect(inertKeys([options], { ...history, 'topic.prefix': 'shop' })).toEqual(Object.keys(history));
  });
});

test('the topic of a schema history counts for MySQL only', () => {
  const topic = { 'schema.history.internal.kafka.topic': 'history' };
  const inert = databases.map(([, { options }]) => [unknownOptions([options], topic), inertKeys([options], topic)]);
  expect(inert).toEqual([
    [[], Object.keys(topic)],
    [[], []],
  ]);
});
