import { afterEach, beforeEach } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, type MysqlOptions, type MysqlVersion } from '../../services/mysql.ts';
import { useMysql, type UsedMysql } from '../../services/use-mysql.ts';
import { EventRun } from '../change/event-run.ts';
import { useJournals, type UsedJournals } from '../change/use-journals.ts';

export interface AppDatabase extends UsedMysql {
  readonly journals: UsedJournals;
  /** A run of the database that is not started; it is closed after the test. */
  make(config?: Readonly<Record<string, string>>, offsets?: readonly SourceOffset[]): EventRun;
  /** Starts a run of the database; it is closed after the test. */
  start(config?: Readonly<Record<string, string>>, offsets?: readonly SourceOffset[]): Promise<EventRun>;
  /** What a run has stored that is ended when `holds`. */
  offsetsWhen(
    holds: (run: EventRun) => boolean,
    config?: Readonly<Record<string, string>>,
  ): Promise<readonly SourceOffset[]>;
}

/** Of each test of a block: a database `app`, made anew by these statements. */
export function useAppDatabase(version: MysqlVersion, ...statements: readonly string[]): AppDatabase {
  return useAppDatabaseOf(version, {}, statements);
}

/** The same on a server with further settings. */
export function useAppDatabaseOf(
  version: MysqlVersion,
  options: MysqlOptions,
  statements: readonly string[],
): AppDatabase {
  const mysql = useMysql(version, options);
  const journals = useJournals();
  const runs: EventRun[] = [];

  beforeEach(async () => {
    await journals.clear();
    await mysql.server.sql('drop database if exists app', 'create database app character set utf8mb4', ...statements);
  });

  afterEach(async () => {
    for (const run of runs.splice(0)) await run.close();
  });

  const make: AppDatabase['make'] = (config = {}, offsets = []) => {
    const task = new MysqlTask({ name: 'app', ...appOptions(mysql.server), ...config });
    const run = new EventRun(task, offsets, journals.open);
    runs.push(run);
    return run;
  };

  const start: AppDatabase['start'] = async (config, offsets) => {
    const run = make(config, offsets);
    await run.start();
    return run;
  };

  return {
    make,
    start,
    async offsetsWhen(holds, config) {
      const run = await start(config);
      await run.until(() => holds(run));
      await run.close();
      return [...run.offsets.values()];
    },
    get server() {
      return mysql.server;
    },
    journals,
  };
}
