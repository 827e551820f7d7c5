/** A task's thread: a transaction that never ends, a member of a group, a reader without pause; until it is terminated. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { connectHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, never } from '../../conformance/hub/driver.ts';

const { path, port, round } = workerData as { path: string; port: MessagePort; round: number };
const hub = await connectHub(port, { path, env });
const member = await hub.groups.join('g', { names: ['t'] });
await member.assignment(-1, never);
const producer = await hub.producer({ acks: 'all', transactionalId: `thread-${round}` });
producer.begin();
await producer.append('t', 0, batchOf('never seen'));
parentPort?.postMessage('at work', []);

async function write(): Promise<void> {
  for (;;) await producer.append('t', 0, batchOf('x'.repeat(50_000)));
}

async function read(): Promise<void> {
  const reader = await hub.reader({ isolation: 'read_uncommitted' });
  for (;;) {
    reader.assign([{ topic: 't', partition: 0, offset: 0n }]);
    await reader.read(1, never);
  }
}

await Promise.all([write(), read()]);
