/**
 * A sink in a process of its own, to be killed: archives `{"n":0}` … of one topic partition from an
 * offset on, says on its output how far it is durable and when it adopts an object, and ends when all records were taken.
 *
 *     node sink-child.ts <connector configuration as JSON> <from offset> <records>
 */
import { connector } from '../../../connectors/s3/index.ts';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { crashingEnv } from '../../../runtime/env/real.ts';
import { taskStart } from '../../unit/connectors/s3/sink-records.ts';
import { numberedRecord } from './numbered.ts';

/** As a transform that names topics after records would have it. */
function routed(record: SinkRecord): SinkRecord {
  const topics = Number(process.env['DESTINATIONS'] ?? 0);
  return topics === 0 ? record : { ...record, destination: `to-${(Number(record.offset) * 7) % topics}` };
}

const [configText = '{}', from = '0', count = '0'] = process.argv.slice(2);
if (connector.kind !== 'sink') throw new Error('not a sink');
const task = connector.createTask(JSON.parse(configText) as RawConfig);
const start = taskStart(crashingEnv(process.env['MILLRACE_CRASH_AT']));
await task.open(start);
await task.assign([{ partition: { topic: 'orders', partition: 0 }, offset: BigInt(from) }]);
let at = Number(from);
let batches = 0;
while (at < Number(count)) {
  const size = Math.min(97, Number(count) - at);
  const batch = Array.from({ length: size }, (_, i) => routed(numberedRecord(at + i)));
  const { durable, seek } = await task.write(batch, start.signal);
  at = Number(seek?.get('orders-0') ?? BigInt(at + size));
  if (seek !== undefined) process.stdout.write('adopted\n');
  // The runner commits now and then, so what it remembers is behind what is durable.
  if (batches++ % 5 === 0) process.stdout.write(`${durable.get('orders-0')}\n`);
}
await task.close();
process.stdout.write('end\n');
