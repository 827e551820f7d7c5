import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../../connectors/mysql/task.ts';
import { binlogPrinter } from '../../../services/mysql-binaries.ts';
import { appOptions, MYSQL_KINDS } from '../../../services/mysql.ts';
import { useMysql } from '../../../services/use-mysql.ts';
import { EventRun } from '../../change/event-run.ts';
import { useJournals } from '../../change/use-journals.ts';
import { asPrinted, printedChanges } from './binlog-text.ts';
import type { Change } from './change.ts';
import { EXACT_VALUES, ourChanges } from './our-changes.ts';
import { randomHistoryOf } from './random-rows.ts';
import { zongjiChanges } from './zongji-changes.ts';

const SEED = 20261126;
const STATEMENTS = 150;
const LARGE = 64 * 1024 * 1024;

describe.each(MYSQL_KINDS)('random rows of every type on %s', (version) => {
  const family = version.startsWith('mariadb') ? 'mariadb' : 'mysql';
  const { columns, statements } = randomHistoryOf(family, SEED, STATEMENTS);
  const journals = useJournals();
  let ours: Change[] = [];
  let run: EventRun | undefined;

  const mysql = useMysql(version, {
    settings: ['--log-bin=binlog'],
    prepare: async (server) => {
      await server.sql('create database app character set utf8mb4', 'create table app.last (id int primary key)');
      const config = { ...appOptions(server), ...EXACT_VALUES, 'snapshot.mode': 'no_data' };
      run = new EventRun(new MysqlTask({ name: 'app', ...config }), [], journals.open);
      await run.start();
      await server.sql(
        "set names utf8mb4, sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
        ...statements,
        'insert into app.last values (1)',
      );
      await run.until((records) => records.some(({ topic }) => topic.endsWith('.last')));
      ours = ourChanges(run.records, columns);
    },
  });

  afterAll(() => run?.close());

  it('are read as @vlasky/zongji reads them', async () => {
    const theirs = await zongjiChanges(mysql.server, columns);
    expect(ours.length).toBeGreaterThan(STATEMENTS);
    expect(differing(ours, theirs)).toEqual([]);
  });

  it('are read as the server’s own tool prints them', async ({ skip }) => {
    const tool = await binlogPrinter(version);
    if (tool === undefined) return skip(`no mysqlbinlog without npm run test:matrix`);
    const { dataDirectory } = mysql.server;
    const files = readdirSync(dataDirectory).filter((file) => /^binlog\.\d+$/.test(file));
    const [program = '', ...args] = tool.command;
    const { stdout } = await promisify(execFile)(
      program,
      [
        ...args,
        '--no-defaults',
        '--base64-output=DECODE-ROWS',
        '-vv',
        ...files.toSorted().map((file) => join(dataDirectory, file)),
      ],
      { encoding: 'latin1', maxBuffer: LARGE, env: { ...process.env, TZ: 'UTC' } },
    );
    expect(differing(asPrinted(ours, columns), printedChanges(stdout, columns, family))).toEqual([]);
  });

  /** Each place where they differ, by the column's type. */
  function differing(left: readonly Change[], right: readonly Change[]): string[] {
    if (left.length !== right.length) return [`${left.length} changes, not ${right.length}`];
    return left
      .flatMap((change, i) => {
        const other = right[i];
        if (change.op !== other?.op) return [`#${i}: ${change.op}, not ${other?.op}`];
        return (['before', 'after'] as const).flatMap((image) =>
          columns.flatMap(({ name, type }) => {
            const [a, b] = [change[image]?.[name], other[image]?.[name]];
            return a === b ? [] : [`#${i} ${image} ${type}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`];
          }),
        );
      })
      .slice(0, 30);
  }
});
