import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import { MYSQL_KINDS, mysqlOptions, startMysql, type MysqlServer } from '../../services/mysql.ts';
import { EventRun } from '../change/event-run.ts';
import { useJournals } from '../change/use-journals.ts';

interface Row {
  readonly [column: string]: unknown;
}

/** Columns and their values: both ways of reading a row have to show the same. */
const COLUMNS: readonly (readonly [type: string, ...values: string[]])[] = [
  ['linestring', "st_geomfromtext('linestring(0 0,1 1)')"],
  ['tinyint', '-128', '127', '0'],
  ['tinyint unsigned', '255', '0'],
  ['smallint', '-32768', '32767'],
  ['smallint unsigned', '65535'],
  ['mediumint', '-8388608', '8388607'],
  ['mediumint unsigned', '16777215'],
  ['int', '-2147483648', '2147483647', '-1'],
  ['int unsigned', '4294967295'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '-1', '4294967296'],
  ['bigint unsigned', '18446744073709551615', '9223372036854775808', '7'],
  ['int(8) zerofill', '42', '0', '123456789'],
  ['tinyint(3) unsigned zerofill', '7', '0', '255'],
  ['bigint(20) zerofill', '7', '0', '12345678901234567890'],
  ['decimal(10,2) zerofill', '1.5', '0', '12345678.90'],
  ['float', '1.5', '-3.4028235e38', '1.17549435e-38', '0.1', '16777217'],
  ['double', '2.718281828459045', '-1.7976931348623157e308', '5e-324', '0.1'],
  ['decimal(1,0)', '-9', '0', '9'],
  ['decimal(10,2)', '-12345678.90', '0.01', '99999999.99'],
  ['decimal(18,9)', '-123456789.123456789', '0.000000001'],
  [
    'decimal(65,30)',
    '12345678901234567890123456789012345.123456789012345678901234567890',
    '-0.000000000000000000000000000001',
  ],
  ['bit(1)', "b'0'", "b'1'"],
  ['bit(17)', "b'10000000000000001'", "b'101'"],
  ['bit(64)', "b'1111111111111111111111111111111111111111111111111111111111111111'"],
  ['year', '1901', '2155', "'0000'"],
  ['date', "'1000-01-01'", "'9999-12-31'", "'1969-12-31'", "'2024-02-29'", "'0000-00-00'"],
  ['time', "'-838:59:59'", "'838:59:59'", "'00:00:00'"],
  ['time(1)', "'-00:00:00.1'", "'12:34:56.9'"],
  ['time(3)', "'-01:02:03.456'", "'00:00:00.001'"],
  ['time(6)', "'-838:59:58.999999'", "'-00:00:00.000001'", "'00:00:01.5'"],
  ['datetime', "'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'"],
  ['datetime(2)', "'2026-11-24 13:14:15.67'"],
  [
    'datetime(6)',
    "'1969-12-31 23:59:59.999999'",
    "'2026-11-24 13:14:15.123456'",
    "'9999-12-31 23:59:59.999999'",
    "'1000-01-01 00:00:00.000001'",
  ],
  ['timestamp null', "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"],
  ['timestamp(4) null', "'2026-11-24 13:14:15.1234'"],
  ['timestamp(6) null', "'2026-11-24 13:14:15.000001'"],
  ['char(10)', "'abc  '", "'ü🚚'", "''"],
  ['char(200)', "repeat('ü', 200)"],
  ['varchar(20) character set latin1', "'é\u0080€'"],
  ['varchar(300)', "repeat('x', 300)", `'"\\\\ \\n'`],
  ['text character set utf16', "'Grüße 🚚'"],
  ['varchar(10) character set gbk', "'汉字'"],
  ['varchar(10) character set sjis', "'日本語'"],
  ['varchar(10) character set koi8r', "'привет'"],
  ['tinytext', "'t'"],
  ['longtext', "repeat('long', 20000)"],
  ['binary(4)', "x'00ff'", "x'01000000'"],
  ['varbinary(300)', "x'00'", "repeat('b', 300)"],
  ['blob', "x'deadbeef'", "''"],
  ['mediumblob', "repeat('m', 70000)"],
  ["enum('a','b,c','ü')", "'b,c'", "'ü'", "''"],
  ["set('x','y','z')", "'x,z'", "''"],
  ['point', 'point(1.5, -2.25)'],
  ['geometry', "st_geomfromtext('linestring(0 0,1 1)', 4326)", "st_geomfromtext('polygon((0 0,0 1,1 1,0 0))')"],
];

const JSON_VALUES = [
  `'{"a": 1, "b": [true, null, "x"], "c": {"d": -1.5}}'`,
  `'[]'`,
  `'"text with \\\\"quotes\\\\" and ü 🚚"'`,
  `'[1, -1, 70000, -70000, 5000000000, 18446744073709551615, 0.1, 1e20, 1e15, 1e14, 1.5e-9, 1e-15, 123456.75, -0.5, 2.5e-20]'`,
  `concat('["', repeat('z', 70000), '"]')`,
  `json_object('d', cast('2026-11-24 13:14:15.123456' as datetime(6)), 'n', cast(1.20 as decimal(5,2)), 't', cast('-01:02:03' as time))`,
  `'null'`,
];

const MARIADB: readonly (readonly [string, ...string[]])[] = [
  [
    'uuid',
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
    "'00000000-0000-0000-0000-000000000000'",
    "'01890a5d-ac96-774b-bcce-b302099a8057'",
  ],
  ['inet6', "'::'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'", "'fe80::'"],
  ['inet4', "'192.0.2.1'", "'0.0.0.0'"],
];

describe.each(MYSQL_KINDS)('values on %s', (version) => {
  const journals = useJournals();
  let server: MysqlServer | undefined;
  let missing = '';
  let run: EventRun | undefined;
  const read: Row[] = [];
  const streamed: Row[] = [];

  beforeAll(async () => {
    const settings = version.startsWith('mariadb')
      ? ['--log-bin-compress=ON', '--log-bin-compress-min-len=10']
      : ['--loose-binlog-transaction-compression=ON', '--loose-binlog-row-value-options=PARTIAL_JSON'];
    const started = await startMysql(version, { settings });
    if ('missing' in started) {
      ({ missing } = started);
      return;
    }
    server = started;
    const columns = [...COLUMNS, ...(server.family === 'mysql' ? [['json', ...JSON_VALUES] as const] : MARIADB)];
    const names = columns.map(([type], i) => `c${i} ${type}`);
    await server.sql(
      'create database app character set utf8mb4',
      `create table app.t (id int primary key, ${names.join(', ')})`,
    );
    const deepest = Math.max(...columns.map(([, ...values]) => values.length));
    const inserts = Array.from({ length: deepest }, (_, row) => {
      const values = columns.map(([, ...values]) => values[row] ?? 'null');
      return `insert into app.t values (${row}, ${values.join(', ')})`;
    });
    await server.sql("set sql_mode = 'ALLOW_INVALID_DATES'", ...inserts);
    run = new EventRun(
      new MysqlTask({
        name: 'app',
        ...mysqlOptions(server),
        'topic.prefix': 'app',
        'database.include.list': 'app',
        'include.schema.changes': 'false',
        'value.converter.schemas.enable': 'true',
      }),
      [],
      journals.open,
    );
    await run.start();
    await run.until((records) => records.length >= deepest);
    await server.sql("set sql_mode = 'ALLOW_INVALID_DATES'", 'insert into app.t select * from app.t where false');
    await server.sql(
      "set sql_mode = 'ALLOW_INVALID_DATES'",
      'create table app.copy like app.t',
      'insert into app.copy select * from app.t',
      'delete from app.t',
      'insert into app.t select * from app.copy',
    );
    await run.until(
      (records) =>
        records.filter(({ topic, value }) => topic === 'app.app.t' && value?.includes('"op":"c"')).length >= deepest,
    );
    for (const { topic, value } of run.records) {
      if (topic !== 'app.app.t' || value === null) continue;
      // MySQL 5.7 itself writes this double as a whole number.
      const text = version === 'mysql-5.7' ? value.replace(', 100000000000000,', ', 100000000000000.0,') : value;
      const { payload } = JSON.parse(text, exact) as { payload: { op: string; after: Row | null } };
      if (payload.op === 'r') read.push(payload.after ?? {});
      if (payload.op === 'c') streamed.push(payload.after ?? {});
    }
  });

  afterAll(async () => {
    await run?.close();
    await server?.stop();
  });

  it('are the same in the snapshot and in the stream', ({ skip }) => {
    skip(missing !== '', missing);
    expect(streamed.length).toBeGreaterThan(4);
    expect(byId(streamed)).toEqual(byId(read));
  });

  it('have the same schemas in both', ({ skip }) => {
    skip(missing !== '', missing);
    const schemas = (run?.records ?? [])
      .filter(({ topic, value }) => topic === 'app.app.t' && value !== null)
      .map(({ value }) => JSON.stringify((JSON.parse(value ?? '') as { schema: unknown }).schema));
    expect(new Set(schemas).size).toBe(1);
  });

  it('of json stay whole when the binlog has only what changed in them', async ({ skip }) => {
    skip(missing !== '', missing);
    const { sql } = server as MysqlServer;
    if (server?.family !== 'mysql') return;
    await sql(
      'create table app.j (id int primary key, other json, j json)',
      `insert into app.j values (1, '{}', '{"a": 1, "b": [1, 2, {"c": "old"}], "long": "${'l'.repeat(500)}"}'), (2, null, '[1, 2, 3]')`,
    );
    const changes = [
      "json_set(j, '$.a', 'two')",
      "json_replace(j, '$.b[2].c', json_object('x', 1.5, 'ü q.x', null))",
      `json_set(j, '$.b[2].c."ü q.x"', 7)`,
      "json_remove(j, '$.b[0]')",
      "json_set(j, '$.z', 1, '$.aa', 2)",
      "json_remove(j, '$.a')",
    ];
    const expected: (string | null)[] = [];
    for (const change of changes) {
      const [row] = await sql(`update app.j set j = ${change} where id = 1`, 'select j from app.j where id = 1');
      expected.push(row?.['j'] ?? null);
    }
    const updates = (): string[] =>
      (run?.records ?? [])
        .filter(({ topic, value }) => topic === 'app.app.j' && value?.includes('"op":"u"') === true)
        .map(({ value }) => (JSON.parse(value ?? '') as { payload: { after: { j: string } } }).payload.after.j);
    await run?.until(() => updates().length >= changes.length);
    expect(updates()).toEqual(expected);
  });

  it('show what is easily lost', ({ skip }) => {
    skip(missing !== '', missing);
    const at = (type: string): unknown => read[0]?.[`c${COLUMNS.findIndex(([one]) => one === type)}`];
    expect(at('bigint')).toBe('#-9223372036854775808');
    expect(at('float')).toBe(1.5);
    expect(read[1]?.[`c${COLUMNS.findIndex(([one]) => one === 'float')}`]).toBe('#-3.4028235E38');
    expect(at('time(6)')).toBe(-3_020_398_999_999);
    expect(at('varchar(10) character set gbk')).toBe('汉字');
    expect(at('bit(17)')).toBe(Buffer.from([1, 0, 1]).toString('base64'));
    expect(at('date')).toBe(-354_285);
  });
});

function byId(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id']));
}

/** Numbers beyond 2^53 as text. */
function exact(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? `#${context?.source ?? ''}`
    : value;
}
