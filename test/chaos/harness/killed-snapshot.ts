import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import { startMysqlLoad } from '../../services/mysql-load.ts';
import type { MysqlVersion } from '../../services/mysql.ts';
import { useMysql, type UsedMysql } from '../../services/use-mysql.ts';
import { startWorker, type WorkerPlace } from './worker-place.ts';

export interface LoadedTables extends UsedMysql {
  readonly folder: string;
  stopLoad(): Promise<void>;
}

interface LoadedTablesOptions {
  readonly tables: readonly string[];
  /** Rows of each table at first: ids from 0. */
  readonly rows: number;
  /** The columns, of which there are three: an id, a number and a text. */
  readonly columns: string;
  readonly statements: (i: number) => string[];
  readonly pauseMs: number;
}

/** A server whose database `app` has filled tables that change all the time, for the tests of a block. */
export function useLoadedTables(version: MysqlVersion, options: LoadedTablesOptions): LoadedTables {
  const { tables, rows, columns, statements, pauseMs } = options;
  const folder = mkdtempSync(join(tmpdir(), 'mr-loaded-'));
  let stopLoad: (() => Promise<void>) | undefined;
  const mysql = useMysql(version, {
    prepare: async (server) => {
      await server.sql('create database app character set utf8mb4');
      const values = Array.from({ length: rows }, (_, id) => `(${id}, 0, '${'x'.repeat(300)}')`).join(', ');
      for (const table of tables) {
        await server.sql(`create table app.${table} (${columns})`, `insert into app.${table} values ${values}`);
      }
      stopLoad = startMysqlLoad(server, statements, { pauseMs });
    },
  });
  afterAll(async () => {
    await stopLoad?.();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    get server() {
      return mysql.server;
    },
    stopLoad: async () => stopLoad?.(),
  };
}

/** Starts workers one after the other, each of which kills itself at so many appends. */
export async function killedAtAppends(at: WorkerPlace, passages: readonly number[]): Promise<void> {
  for (const passage of passages) {
    const worker = startWorker(at, `source.after_append:${passage}`);
    const ended = await Promise.race([worker.ended, sleep(30_000)]);
    expect(ended?.signal).toBe('SIGKILL');
  }
}
