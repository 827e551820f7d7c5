import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { appOptions, MYSQL_VERSIONS } from '../services/mysql.ts';
import { killedAtAppends, useLoadedTables } from './harness/killed-snapshot.ts';
import { readHubTopic } from './harness/read-hub-topic.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from './harness/worker-place.ts';

const TABLES = ['k1', 'k2', 'k3'] as const;
const ROWS = 3000;
/** Appends: before the first rows, between tables, and while the stream catches up. */
const KILLS = [1, 2, 3, 4, 2, 5, 3] as const;
const OPTIONS = { 'millrace.delivery': 'exactly-once', 'snapshot.max.threads': '2', 'include.schema.changes': 'false' };

/** No two rows have one `id`, and none comes back. */
function statements(i: number): string[] {
  const table = TABLES[i % TABLES.length] ?? 'k1';
  const id = Math.floor(Math.random() * ROWS);
  return [
    `insert into app.${table} values (${ROWS + i}, 0, 'new')`,
    `update app.${table} set n = n + 1 where id between ${id} and ${id + 2}`,
    `delete from app.${table} where id = ${id}`,
  ];
}

interface Change {
  readonly op: string;
  readonly before: { readonly id: number; readonly n: number } | null;
  readonly after: { readonly id: number; readonly n: number } | null;
  readonly source: { readonly file: string; readonly pos: number };
}

/** The rows of the last reading with the changes after it, and what of these does not fit: lost before, or come twice. */
async function told(at: WorkerPlace, table: string) {
  const rows = new Map<number, number>();
  const misfits: string[] = [];
  const places = new Set<string>();
  await readHubTopic(hubPath(at), `app.app.${table}`, (record) => {
    const text = record.value()?.toString();
    // A tombstone.
    if (text === undefined) return;
    const { op, before, after, source } = JSON.parse(text) as Change;
    if (op === 'r') {
      const place = `${source.file}:${source.pos}`;
      if (!places.has(place)) rows.clear();
      places.add(place);
    }
    const fits = before === null ? after !== null && !rows.has(after.id) : rows.get(before.id) === before.n;
    if (!fits) misfits.push(`${op} ${JSON.stringify([before, after])} at ${source.file}:${source.pos}`);
    if (before !== null) rows.delete(before.id);
    if (after !== null) rows.set(after.id, after.n);
  });
  return { rows: [...rows].toSorted(([a], [b]) => a - b), misfits, places };
}

describe.each(MYSQL_VERSIONS)('tables without a key on %s whose snapshot is killed again and again', (version) => {
  const columns = 'id int not null, n int not null, v varchar(400), index (id)';
  const mysql = useLoadedTables(version, { tables: TABLES, rows: ROWS, columns, statements, pauseMs: 2 });

  test('have each change once in exactly-once, and none is lost', async () => {
    const from = mysql.server;
    const at: WorkerPlace = {
      folder: mysql.folder,
      worker: { 'offset.flush.interval.ms': '50', 'exactly.once.source.support': 'enabled' },
      connectors: { app: { 'connector.class': 'mysql', ...appOptions(from), ...OPTIONS } },
    };
    await killedAtAppends(at, KILLS);
    await mysql.stopLoad();
    for (const table of TABLES) await from.sql(`insert into app.${table} values (-1, 0, 'the end')`);
    const worker = startWorker(at);
    const isThere = async (): Promise<boolean> => {
      const tables = await Promise.all(TABLES.map((table) => told(at, table)));
      return tables.every(({ rows }) => rows[0]?.[0] === -1);
    };
    const deadline = Date.now() + 120_000;
    while (Date.now() < deadline && !(await isThere())) await sleep(300);
    // What comes late comes too.
    await sleep(1000);
    await worker.stop();
    const places = new Set<string>();
    for (const table of TABLES) {
      const found = await told(at, table);
      expect(found.misfits.slice(0, 5), `${table} ${JSON.stringify(logLines(at).slice(-3))}`).toEqual([]);
      const rows = await from.sql(`select id, n from app.${table} order by id`);
      expect(found.rows).toEqual(rows.map((row) => [Number(row['id']), Number(row['n'])]));
      for (const place of found.places) places.add(place);
    }
    // The stream begins at the first.
    expect(places.size).toBeGreaterThan(1);
  });
});
