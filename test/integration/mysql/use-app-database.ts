import { afterEach, beforeEach } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, type MysqlVersion } from '../../services/mysql.ts';
import { useMysql, type UsedMysql } from '../../services/use-mysql.ts';
import { EventRun } from '../change/event-run.ts';

export interface AppDatabase extends UsedMysql {
  /** Starts a run of the database; it is closed after the test. */
  start(config?: Readonly<Record<string, string>>, offsets?: readonly SourceOffset[]): Promise<EventRun>;
}

/** Of each test of a block: a database `app`, made anew by these statements. */
export function useAppDatabase(version: MysqlVersion, ...statements: readonly string[]): AppDatabase {
  const mysql = useMysql(version);
  const runs: EventRun[] = [];

  beforeEach(async () => {
    await mysql.server.sql('drop database if exists app', 'create database app character set utf8mb4', ...statements);
  });

  afterEach(async () => {
    for (const run of runs.splice(0)) await run.close();
  });

  return {
    get server() {
      return mysql.server;
    },
    async start(config = {}, offsets = []) {
      const run = new EventRun(new MysqlTask({ name: 'app', ...appOptions(mysql.server), ...config }), offsets);
      runs.push(run);
      await run.start();
      return run;
    },
  };
}
