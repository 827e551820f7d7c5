/** Appends megabytes in one transaction, and leaves it open. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { BatchBuilder } from '../../runtime/hub/batch/batch-builder.ts';
import { realEnv as env } from '../../runtime/env/real.ts';
import { connectHub } from '../../runtime/hub/embedded/open.ts';

const { path, megabytes } = workerData as { path: string; megabytes: number };
const port = await new Promise<MessagePort>((resolve) => {
  parentPort?.once('message', resolve);
  parentPort?.postMessage('connect', []);
});
const hub = await connectHub(port, { path, env });
const producer = await hub.producer({ acks: 'all', transactionalId: 'large', transactionTimeoutMs: 600_000 });
const builder = new BatchBuilder();
const value = Buffer.alloc(1000, 'x');
const underWay = new Set<Promise<unknown>>();
producer.begin();
for (let sent = 0; sent < megabytes; sent++) {
  for (let i = 0; i < 1000; i++) builder.add(Date.now(), null, value);
  const append = producer.append('large', 0, builder.finish()).finally(() => underWay.delete(append));
  underWay.add(append);
  if (underWay.size >= 8) await Promise.race(underWay);
}
await Promise.all(underWay);
parentPort?.postMessage('appended', []);
