import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTask } from '../../../connectors/postgres/task.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../../services/postgres.ts';
import type { RecordText } from '../change/debezium-records.ts';
import { EventRun } from '../change/event-run.ts';

interface Shown {
  readonly topic: string;
  readonly key: unknown;
  readonly op: string;
  readonly before: unknown;
  readonly after: unknown;
}

function payload(text: string | null): unknown {
  return text === null ? null : (JSON.parse(text) as { payload: unknown }).payload;
}

function shown(records: readonly RecordText[]): Shown[] {
  return records.map(({ topic, key, value }) => {
    const { op = 'tombstone', before, after } = (payload(value) ?? {}) as Partial<Shown>;
    return { topic, key: payload(key), op, before, after };
  });
}

describe('options that shape events', () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server?.stop();
  });

  /** Streams what `statements` do to the table of this name, until `count` records came. */
  async function stream(
    name: string,
    statements: readonly string[],
    count: number,
    options: Record<string, string>,
  ): Promise<RecordText[]> {
    const run = new EventRun(
      new PostgresTask({
        name,
        'topic.prefix': 'o',
        ...databaseOptions(server),
        'plugin.name': 'pgoutput',
        'slot.name': name,
        'publication.name': name,
        'snapshot.mode': 'no_data',
        'table.include.list': `public\\.${name}.*`,
        ...options,
      }),
    );
    await run.start();
    for (;;) {
      const rows = await server.sql(
        "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND application_name = $1",
        [`millrace ${name}`],
      );
      if (rows.length > 0) break;
      await sleep(20);
    }
    for (const statement of statements) await server.sql(statement);
    try {
      await run.until((records) => records.length >= count);
      return [...run.records];
    } finally {
      await run.close();
    }
  }

  it('masks, hashes and cuts columns, in both images and in the schema', async () => {
    await server.sql(`CREATE TABLE masked (id int PRIMARY KEY, name text, mail varchar(12), note text NOT NULL);
      ALTER TABLE masked REPLICA IDENTITY FULL`);
    const records = await stream(
      'masked',
      ["INSERT INTO masked VALUES (1, 'Ada', 'a@b.c', 'a long note')", "UPDATE masked SET name = NULL, note = 'ü🚚x'"],
      2,
      {
        'column.mask.with.4.chars': 'public\\.masked\\.name',
        'column.mask.hash.v2.SHA-256.with.salt.s': 'public\\.masked\\.mail',
        'column.truncate.to.3.chars': 'public\\.masked\\.note',
      },
    );
    const hidden = createHash('sha256').update('s').update('a@b.c').digest('hex').slice(0, 12);
    const seen = shown(records).map(({ before, after }) => ({ before, after }));
    expect(seen).toEqual([
      { before: null, after: { id: 1, name: '****', mail: hidden, note: 'a l' } },
      {
        before: { id: 1, name: '****', mail: hidden, note: 'a l' },
        after: { id: 1, name: '****', mail: hidden, note: 'ü🚚' },
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('Ada');
    expect(records[0]?.value).toContain('"parameters":{"masked":"true"},"field":"name"');
    expect(records[0]?.value).toContain('"parameters":{"truncateLength":"3"},"field":"note"');
  });

  it('keys records as asked, and shows a change of that key as delete and create', async () => {
    await server.sql(
      'CREATE TABLE keyed (id int PRIMARY KEY, region text, v int); ALTER TABLE keyed REPLICA IDENTITY FULL',
    );
    const records = await stream(
      'keyed',
      [
        "INSERT INTO keyed VALUES (1, 'eu', 1)",
        'UPDATE keyed SET v = 2',
        "UPDATE keyed SET region = 'us'",
        'DELETE FROM keyed',
      ],
      7,
      { 'message.key.columns': 'public\\.keyed:region,id' },
    );
    expect(shown(records).map(({ op, key }) => [op, key])).toEqual([
      ['c', { region: 'eu', id: 1 }],
      ['u', { region: 'eu', id: 1 }],
      ['d', { region: 'eu', id: 1 }],
      ['tombstone', { region: 'eu', id: 1 }],
      ['c', { region: 'us', id: 1 }],
      ['d', { region: 'us', id: 1 }],
      ['tombstone', { region: 'us', id: 1 }],
    ]);
  });

  it('leaves out operations, columns, and updates that change nothing shown', async () => {
    await server.sql(
      'CREATE TABLE skipping (id int PRIMARY KEY, a text, noise int); ALTER TABLE skipping REPLICA IDENTITY FULL',
    );
    const records = await stream(
      'skipping',
      [
        "INSERT INTO skipping VALUES (1, 'a', 1)",
        'UPDATE skipping SET noise = 2',
        "UPDATE skipping SET a = 'b'",
        'DELETE FROM skipping',
        'TRUNCATE skipping',
        "INSERT INTO skipping VALUES (2, 'end', 0)",
      ],
      3,
      {
        'skip.messages.without.change': 'true',
        'column.exclude.list': 'public\\.skipping\\.noise',
        'skipped.operations': 't,d',
      },
    );
    expect(shown(records).map(({ op, after }) => [op, after])).toEqual([
      ['c', { id: 1, a: 'a' }],
      ['u', { id: 1, a: 'b' }],
      ['c', { id: 2, a: 'end' }],
    ]);
  });

  it('shows arrays, ranges and hstore in their modes, and types as text of the server', async () => {
    await server.sql(`CREATE EXTENSION hstore;
      CREATE TABLE typed (id int PRIMARY KEY, h hstore, m int4multirange, t tsrange, i interval, b bytea, n numeric)`);
    const [record] = await stream(
      'typed',
      ["INSERT INTO typed VALUES (1, 'a=>1', '{[1,3),[5,7)}', '[2026-01-01,)', '1 day', '\\xfbff', 'NaN')"],
      1,
      {
        'hstore.handling.mode': 'map',
        'include.unknown.datatypes': 'true',
        'interval.handling.mode': 'string',
        'binary.handling.mode': 'hex',
        'decimal.handling.mode': 'string',
      },
    );
    expect(shown(record === undefined ? [] : [record])[0]?.after).toEqual({
      id: 1,
      h: { a: '1' },
      m: Buffer.from('{[1,3),[5,7)}').toString('hex'),
      t: '["2026-01-01 00:00:00",)',
      i: 'P0Y0M1DT0H0M0S',
      b: 'fbff',
      n: 'NaN',
    });
  });

  it('shows every type without a mapping as the bytes of its text, alike in snapshot and stream', async () => {
    const values: Readonly<Record<string, string>> = {
      box: '(3,4),(1,2)',
      circle: '<(1,2),3>',
      line: '{1,-1,0}',
      lseg: '[(1,2),(3,4)]',
      path: '((1,2),(3,4))',
      polygon: '((1,2),(3,4),(5,6))',
      tsquery: "'fat' & 'rat'",
      pg_lsn: '16/B374D848',
      xid: '4294967295',
      xid8: '18446744073709551615',
      tid: '(1,2)',
      jsonpath: '$."a"[*]',
      int2vector: '1 2 3',
      regtype: 'integer',
      refcursor: 'c',
      int4multirange: '{[1,3),[5,7)}',
      datemultirange: '{[2026-01-01,2026-01-02)}',
      odd_pair: '(1,"a b")',
      'odd_pair[]': '{"(1,\\"a b\\")"}',
      odd_domain: '(2,x)',
      odd_range: '[a,b)',
      'box[]': '{(3,4),(1,2);(1,1),(0,0)}',
    };
    const names = Object.keys(values).map((_, i) => `c${i}`);
    await server.sql(`CREATE TYPE odd_pair AS (a int, b text); CREATE DOMAIN odd_domain AS odd_pair;
      CREATE TYPE odd_range AS RANGE (subtype = text);
      CREATE TABLE odd (id int PRIMARY KEY, ${Object.keys(values)
        .map((type, i) => `c${i} ${type}`)
        .join(', ')})`);
    await server.sql(
      `INSERT INTO odd VALUES (1, ${Object.keys(values)
        .map((type, i) => `$${i + 1}::text::${type}`)
        .join(', ')})`,
      Object.values(values),
    );
    const records = await stream('odd', [`INSERT INTO odd SELECT 2, ${names.join(', ')} FROM odd`], 2, {
      'snapshot.mode': 'initial',
      'include.unknown.datatypes': 'true',
      'binary.handling.mode': 'base64',
    });
    const [read, streamed] = shown(records).map(({ after }) => after as Record<string, string>);
    const texts = names.map((name) => Buffer.from(read?.[name] ?? '', 'base64').toString());
    expect(texts).toEqual(Object.values(values));
    expect({ ...streamed, id: 1 }).toEqual(read);
  });

  it('stops at a value that its mode has no form for, naming the remedy', async () => {
    await server.sql('CREATE TABLE refused (id int PRIMARY KEY, n numeric(10,2))');
    await expect(stream('refused', ["INSERT INTO refused VALUES (1, 'NaN')"], 1, {})).rejects.toMatchObject({
      code: 'POSTGRES_DECIMAL_SPECIAL',
      key: 'decimal.handling.mode',
    });
  });

  it('writes logical messages by prefix, and names and delimits topics', async () => {
    await server.sql('CREATE TABLE named (id int PRIMARY KEY)');
    const records = await stream(
      'named',
      [
        "SELECT pg_logical_emit_message(true, 'no', 'x')",
        "SELECT pg_logical_emit_message(true, 'yes', 'x')",
        'INSERT INTO named VALUES (1)',
      ],
      6,
      {
        'message.prefix.include.list': 'y.*',
        'topic.delimiter': '-',
        'topic.transaction': 'tx',
        'provide.transaction.metadata': 'true',
      },
    );
    const topics = records.map(({ topic }) => topic);
    expect(topics.filter((topic) => topic === 'o-message')).toHaveLength(1);
    expect(topics).toContain('o-public-named');
    expect(topics).toContain('o-tx');
  });
});
