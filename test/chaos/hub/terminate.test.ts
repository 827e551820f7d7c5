import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { connectHub, startHubServer } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, never, readAll, readUntil, values } from '../../conformance/hub/driver.ts';
import { sleep } from './processes.ts';

const ROUNDS = 25;

it(`goes on after ${ROUNDS} threads were terminated while they wrote and read`, async () => {
  const path = await mkdtemp(`${tmpdir()}/millrace-terminate-`);
  const server = await startHubServer({ path, env });
  const hub = await connectHub(server.connect(), { path, env });
  try {
    await hub.admin.createTopic('t', 2);
    const plain = await hub.producer({ acks: 'all' });
    for (let round = 0; round < ROUNDS; round++) {
      const port = server.connect();
      const script = new URL('client-thread.ts', import.meta.url);
      const worker = new Worker(script, { workerData: { path, port, round }, transferList: [port] });
      await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      await sleep(Math.random() * 30);
      await worker.terminate();
      await plain.append('t', 0, batchOf(`after ${round}`));
      const reader = await hub.reader({ isolation: 'read_committed' });
      const { latest } = await hub.admin.offsets({ topic: 't', partition: 0 });
      reader.assign([{ topic: 't', partition: 0, offset: 0n }]);
      const read = values(await readUntil(reader, 't', 0, latest));
      expect(read.at(-1)).toBe(`after ${round}`);
      expect(read).toHaveLength(round + 1);
      await reader.close();
      const member = await hub.groups.join('g', { names: ['t'] });
      let assignment = await member.assignment(-1, never);
      while (assignment.partitions.length < 2) {
        await member.acknowledge(assignment.generation);
        assignment = await member.assignment(assignment.generation, AbortSignal.timeout(10_000));
      }
      await member.leave();
    }
    expect(await readAll(hub, 't')).toHaveLength(ROUNDS);
    expect(server.stats()).toMatchObject({ openTransactions: 0, clients: 1 });
  } finally {
    await hub.close();
    await server.close();
    await rm(path, { recursive: true, force: true });
  }
});
