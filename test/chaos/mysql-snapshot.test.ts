import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { appOptions, MYSQL_VERSIONS, type MysqlServer } from '../services/mysql.ts';
import { foldedTopic } from './harness/folded-topic.ts';
import { killedAtAppends, useLoadedTables } from './harness/killed-snapshot.ts';
import { logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';

const TABLES = ['a', 'b', 'c'] as const;
const ROWS = 6000;
/** Chunks are some appends each: all that a short snapshot makes are met, in the first attempt and in those after it. */
const KILLS = [1, 4, 7, 2, 3, 5, 4, 6] as const;
const SNAPSHOT = { 'snapshot.max.threads': '2', 'millrace.snapshot.chunk.rows': '500' };

/** Changes, deletes and inserts rows of all tables in turn. */
function statements(i: number): string[] {
  const table = TABLES[i % TABLES.length] ?? 'a';
  const id = Math.floor(Math.random() * ROWS);
  return [
    `update app.${table} set n = ${i} where id = ${id}`,
    `delete from app.${table} where id = ${id}`,
    `replace into app.${table} values (${id}, ${i}, 'again')`,
  ];
}

/** Rows of a table as the records of its topic leave them. */
async function folded(at: WorkerPlace, table: string): Promise<Map<number, number>> {
  return (await foldedTopic(at, `app.app.${table}`)).rows;
}

/** Tables whose topics leave other rows than the server has. */
async function differing(at: WorkerPlace, server: MysqlServer): Promise<string[]> {
  const different: string[] = [];
  for (const table of TABLES) {
    const rows = await server.sql(`select id, n from app.${table} order by id`);
    const expected = rows.map((row) => [Number(row['id']), Number(row['n'])]);
    const found = [...(await folded(at, table))].toSorted(([a], [b]) => a - b);
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      different.push(`${table}: ${found.length} of ${expected.length} rows`);
    }
  }
  return different;
}

describe.each(MYSQL_VERSIONS)('a snapshot on %s that is killed again and again', (version) => {
  const columns = 'id int primary key, n int not null, v varchar(400)';
  const mysql = useLoadedTables(version, { tables: TABLES, rows: ROWS, columns, statements, pauseMs: 3 });

  test('ends with every row as it is, and without those that were deleted meanwhile', async () => {
    const from = mysql.server;
    const at: WorkerPlace = {
      folder: mysql.folder,
      worker: { 'offset.flush.interval.ms': '50' },
      connectors: { app: { 'connector.class': 'mysql', ...appOptions(from), ...SNAPSHOT } },
    };
    await killedAtAppends(at, KILLS);
    await sleep(500);
    await mysql.stopLoad();
    await from.sql("insert into app.c values (-1, 0, 'the end')");
    const worker = startWorker(at);
    // What is left of the snapshot is read beside the stream: rows may come after the last change.
    const deadline = Date.now() + 180_000;
    while (Date.now() < deadline && (await differing(at, from)).length > 0) await sleep(500);
    expect(await differing(at, from), JSON.stringify(logLines(at).slice(-4))).toEqual([]);
    await worker.stop();
    expect(await differing(at, from)).toEqual([]);
  });
});
