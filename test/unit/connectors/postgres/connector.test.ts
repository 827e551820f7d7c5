import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkOptions, unknownOptions } from '../../../../runtime/connector/options.ts';
import { postgresConnector } from '../../../../connectors/postgres/connector.ts';
import { otherOptions } from '../../../../connectors/postgres/options/other-options.ts';
import { readSettings, streamParams } from '../../../../connectors/postgres/settings.ts';
import { splitStatements } from '../../../../runtime/change/options/sql-options.ts';

const config = {
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'database.hostname': 'db',
  'database.user': 'u',
  'database.password': 'p',
  'database.dbname': 'd',
  'topic.prefix': 'shop',
};
const problems = (changes: Record<string, string>): Record<string, string> => {
  const raw = { ...config, ...changes };
  const own = checkOptions(postgresConnector.options, raw).errors;
  const more = postgresConnector.validate?.(raw) ?? [];
  return Object.fromEntries([...own, ...more].map(({ key, message }) => [key, message]));
};

describe('a configuration', () => {
  test('of Debezium passes unchanged, with its defaults where ours are the same', () => {
    expect(problems({})).toEqual({});
    const settings = readSettings(config);
    expect(settings.replication).toMatchObject({ slot: 'debezium', publication: 'dbz_publication', slotMaxRetries: 6 });
    expect(settings.rows).toMatchObject({ tombstones: true, contextHeaders: true });
    expect(settings.snapshot.mode).toBe('initial');
    expect(settings.maxRetries).toBe(-1);
    expect([...settings.publication.skipped]).toEqual(['t']);
  });

  test.each([
    [{ 'plugin.name': 'decoderbufs' }, 'plugin.name', /pgoutput/],
    [{ 'plugin.name': 'wal2json' }, 'plugin.name', /one of/],
    [{ 'table.include.list': 'a', 'table.exclude.list': 'b' }, 'table.exclude.list', /exclude each other/],
    [{ 'table.include.list': '(' }, 'table.include.list', /RE2|\(/],
    [{ 'database.sslcert': '/c' }, 'database.sslkey', /together/],
    [{ 'database.port': '70000' }, 'database.port', /65535/],
    [{ 'database.sslmode': 'verifyfull' }, 'database.sslmode', /Did you mean verify-full/],
    [{ 'heartbeat.action.query': 'select 1' }, 'heartbeat.action.query', /heartbeat\.interval\.ms/],
    [{ 'slot.name': 'Bad-Name' }, 'slot.name', /match/],
    [{ 'slot.stream.params': 'streaming=on' }, 'slot.stream.params', /streaming/],
    [{ 'lsn.flush.mode': 'manual' }, 'lsn.flush.mode', /connector/],
    [{ 'snapshot.mode': 'configuration_based' }, 'snapshot.mode', /initial/],
    [{ 'snapshot.isolation.mode': 'read_committed' }, 'snapshot.isolation.mode', /exported/],
    [{ 'snapshot.select.statement.overrides': 'public.a' }, 'snapshot.select.statement.overrides', /not set/],
    [{ converters: 'isbn' }, 'converters', /Java class/],
    [{ 'signal.enabled.channels': 'source,kafka' }, 'signal.enabled.channels', /source/],
    [
      { 'event.processing.failure.handling.mode': 'skip' },
      'event.processing.failure.handling.mode',
      /errors\.tolerance/,
    ],
    [{ 'skipped.operations': 'x' }, 'skipped.operations', /match/],
    [{ 'column.mask.with.10.chars': '(' }, 'column.mask.with.10.chars', /\(/],
    [{ 'replica.identity.autoset.values': 'nothing' }, 'replica.identity.autoset.values', /./],
  ] as const)('%j is refused by the key %s', (changes, key, text) => {
    expect(problems(changes)[key]).toMatch(text);
  });

  test('every option of the reference configurations is known', () => {
    const keys = [
      'plugin.name',
      'slot.name',
      'publication.autocreate.mode',
      'signal.data.collection',
      'max.batch.size',
    ];
    const raw = Object.fromEntries(keys.map((key) => [key, 'x']));
    expect(unknownOptions([postgresConnector.options], raw)).toEqual([]);
  });

  test('options that only tune Debezium are named, at their default not', () => {
    expect(otherOptions.ignored({ ...config, 'max.batch.size': '4096', 'poll.interval.ms': '500' })).toEqual([
      expect.stringContaining('max.batch.size'),
    ]);
  });

  test('a password option is never a plain one', () => {
    const source = readFileSync(
      join(import.meta.dirname, '../../../../connectors/postgres/options/connection-options.ts'),
      'utf8',
    );
    for (const [, kind] of source.matchAll(/'database\.(?:ssl)?password': option\.(\w+)\(/g))
      expect(kind).toBe('password');
  });
});

describe('texts', () => {
  test('statements are split at single semicolons', () => {
    expect(splitStatements("SET a = 'x;;y'; SELECT 1;")).toEqual(["SET a = 'x;y'", 'SELECT 1']);
  });

  test('stream parameters are name=value pairs', () => {
    expect([...streamParams('origin=none; publish_generated_columns = stored')]).toEqual([
      ['origin', 'none'],
      ['publish_generated_columns', 'stored'],
    ]);
  });
});
