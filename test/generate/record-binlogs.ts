import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startMysql, type MysqlVersion } from '../services/mysql.ts';

/*
 * Records the binlogs of test/fixtures/mysql-binlog: `node test/generate/record-binlogs.ts`. Each holds the same
 * history, by another server or another setting.
 */
const FOLDER = fileURLToPath(new URL('../fixtures/mysql-binlog/', import.meta.url));

const RECORDINGS: readonly (readonly [name: string, version: MysqlVersion, settings: readonly string[]])[] = [
  ['mysql-8.0', 'mysql-8.0', ['--binlog-rows-query-log-events=ON']],
  ['mysql-8.0-compressed', 'mysql-8.0', ['--binlog-transaction-compression=ON']],
  ['mysql-8.0-partial', 'mysql-8.0', ['--binlog-row-value-options=PARTIAL_JSON', '--binlog-checksum=NONE']],
  ['mysql-8.0-no-gtid', 'mysql-8.0', ['--gtid-mode=OFF']],
  ['mariadb-10.11', 'mariadb-10.11', []],
  ['mariadb-10.11-compressed', 'mariadb-10.11', ['--log-bin-compress=ON', '--log-bin-compress-min-len=10']],
];

const rows = Array.from({ length: 400 }, (_, i) => `(${i + 100}, ${i}, '${'r'.repeat(i)}', ${i}.5, null)`).join(', ');

const HISTORY = [
  'create database app character set utf8mb4',
  'create table app.t (id int primary key, n bigint unsigned, v varchar(500), d decimal(10,2), j json)',
  'create table app.other (id int primary key)',
  `insert into app.t values (1, 18446744073709551615, 'ü🚚', -1.5, '{"a": 1, "long": "${'l'.repeat(300)}"}'), (2, 2, null, 0, '[]')`,
  'insert into app.other values (1)',
  'begin',
  `insert into app.t values ${rows}`,
  "update app.t set v = 'changed' where id between 100 and 299",
  'insert into app.other values (2)',
  'delete from app.t where id >= 300',
  'commit',
  `update app.t set j = json_set(j, '$.a', 2) where id = 1`,
  'update app.t set id = 3 where id = 2',
  'begin',
  "insert into app.t values (50, 1, 'gone', 1, null)",
  'rollback',
  'alter table app.t add column e datetime(6) default null, drop column d',
  "insert into app.t values (4, 4, 'four', '{}', '2026-11-24 13:14:15.123456')",
  'rename table app.t to app.u',
  "insert into app.u values (5, 5, 'five', null, null)",
  'truncate table app.other',
  'delete from app.u where id = 5',
];

mkdirSync(FOLDER, { recursive: true });
for (const [name, version, settings] of RECORDINGS) {
  const server = await startMysql(version, { settings: [...settings] });
  if ('missing' in server) throw new Error(server.missing);
  const connection = await server.connect();
  await connection.query('recording', 'reset master');
  for (const statement of HISTORY) await connection.query('recording', statement);
  await connection.query('recording', 'flush binary logs');
  await connection.close();
  const [file = ''] = readdirSync(server.dataDirectory)
    .filter((one) => /^binlog\.\d+$/.test(one))
    .toSorted();
  copyFileSync(join(server.dataDirectory, file), join(FOLDER, `${name}.binlog`));
  await server.stop();
}
