/**
 * Streams a backlog from a binlog to nowhere: socket → events → row blocks (→ JSON), beside a client that counts events only.
 *
 *     node test/bench/mysql-stream.ts [mariadb-10.11|mysql-8.0] [rows=500000] [rows-per-transaction=100]
 *
 * Prints rows/s and the CPU seconds this process needs for a million rows.
 */
import { MysqlTask } from '../../connectors/mysql/task.ts';
import { currentPlace } from '../../connectors/mysql/snapshot/consistent-point.ts';
import { silentContext } from '../../runtime/connector/conformance/silent-context.ts';
import type { RowPlan } from '../../runtime/convert/converter.ts';
import { JsonConverter } from '../../runtime/convert/json-converter.ts';
import { realEnv } from '../../runtime/env/real.ts';
import { ByteWriter } from '../../runtime/record/byte-writer.ts';
import { RowBlock } from '../../runtime/record/row-block.ts';
import type { LayoutNode } from '../../runtime/record/row-layout.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import { mysqlOptions, startMysql, type MysqlVersion } from '../services/mysql.ts';
import { countEvents } from './mysql-count.ts';

const version = (process.argv[2] ?? 'mysql-8.0') as MysqlVersion;
const rows = Number(process.argv[3] ?? 500_000);
const perTransaction = Number(process.argv[4] ?? 100);
const never = new AbortController().signal;

const server = await startMysql(version);
if ('missing' in server) throw new Error(server.missing);
const connection = await server.connect();
await connection.query('bench', 'create database bench character set utf8mb4');
await connection.query(
  'bench',
  'create table bench.t (id bigint primary key, a int, b bigint, c varchar(100), d timestamp(6) null, e decimal(12,2), f varchar(100))',
);
const place = await currentPlace(connection);
for (let from = 0; from < rows; from += perTransaction) {
  const values = Array.from({ length: perTransaction }, (_, i) => {
    const n = from + i;
    return `(${n}, ${n % 1000}, ${n * 7919}, '${'x'.repeat(60)}', now(6), ${(n % 100_000) / 100}, '${'y'.repeat(60)}')`;
  });
  await connection.query('bench', `insert into bench.t values ${values.join(', ')}`);
}
const end = await currentPlace(connection);

/** `work` returns the rows it saw. */
async function measure(name: string, work: () => Promise<number>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const seen = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perMillion = ((user + system) / seen).toFixed(2);
  const rss = Math.round(process.memoryUsage().rss / 1e6);
  console.log(
    `${name.padEnd(24)} ${Math.round(seen / seconds)} rows/s, ${perMillion} CPU s per million rows, RSS ${rss} MB`,
  );
}

await measure('count-only dump', async () => {
  await countEvents(server, place, end);
  return rows;
});

for (const encode of [false, true]) {
  await measure(encode ? 'row blocks and JSON' : 'row blocks', async () => {
    const task = new MysqlTask({
      name: 'bench',
      ...mysqlOptions(server),
      'database.ssl.mode': 'disabled',
      'topic.prefix': 'bench',
    });
    const offset: JsonObject = { file: place.file, pos: place.position, gtids: place.gtids };
    const offsets = [{ partition: { server: 'bench' }, offset }];
    await task.open({ offsets, env: realEnv, context: silentContext('bench'), signal: never });
    const json = new JsonConverter({ 'schemas.enable': 'false' });
    const plans = new Map<LayoutNode, RowPlan>();
    const writer = new ByteWriter(1 << 20);
    let seen = 0;
    while (seen < rows) {
      const batch = await task.read(never);
      const block = batch?.records;
      if (!(block instanceof RowBlock)) continue;
      seen += block.count;
      if (!encode) {
        batch?.release?.();
        continue;
      }
      for (let row = 0; row < block.count; row++) {
        const layout = block.layout(row);
        if (layout.value === null) continue;
        let plan = plans.get(layout.value);
        if (plan === undefined) plans.set(layout.value, (plan = json.plan(layout, layout.value)));
        writer.reset();
        plan.write(block, row, writer);
      }
      batch?.release?.();
    }
    await task.close();
    return seen;
  });
}
await connection.close();
await server.stop();
