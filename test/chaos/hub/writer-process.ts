/**
 * Writes a hub until it is killed, and prints what was acknowledged:
 *
 *     ready
 *     p <n>      record n of topic "plain" is acknowledged (acks=all)
 *     a <n>      record n of topic "accepted" is acknowledged (acks=1)
 *     t <n>      transaction n is committed: record n in both partitions of "pair", offset n of group "g"
 *
 * Every seventh transaction is aborted and prints nothing.
 */
import { writeSync } from 'node:fs';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf } from '../../conformance/hub/driver.ts';

const [path = '', plainFrom = '0', pairFrom = '0', acceptedFrom = '0'] = process.argv.slice(2);
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The other side is busy.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

const hub = await openHub({ path, env, options: { minFreeBytes: 0, cleanEveryMs: 50 } });

for (const [topic, partitions] of [
  ['plain', 1],
  ['pair', 2],
  ['accepted', 1],
] as const) {
  if ((await hub.admin.describe(topic)) === null)
    await hub.admin.createTopic(topic, partitions, { 'retention.ms': '-1' });
}
say('ready');

async function plain(): Promise<void> {
  const producer = await hub.producer({ acks: 'all' });
  for (let n = Number(plainFrom); ; n += 3) {
    const three = [n, n + 1, n + 2].map((i) =>
      producer.append('plain', 0, batchOf(`${i} ${'x'.repeat((i * 37) % 5000)}`)),
    );
    await Promise.all(three.map((append, i) => append.then(() => say(`p ${n + i}`))));
  }
}

async function pairs(): Promise<void> {
  const producer = await hub.producer({ acks: 'all', transactionalId: 'pairs' });
  let last = Promise.resolve();
  for (let n = Number(pairFrom); ; n++) {
    producer.begin();
    void producer.append('pair', 0, batchOf(`${n}`));
    void producer.append('pair', 1, batchOf(`${n}`));
    producer.addOffsets('g', [{ topic: 'pair', partition: 0, offset: BigInt(n) }]);
    const ended = n % 7 === 6 ? producer.abort() : producer.commit().then(() => say(`t ${n}`));
    await last;
    last = ended;
  }
}

async function accepted(): Promise<void> {
  const producer = await hub.producer({ acks: 1 });
  for (let n = Number(acceptedFrom); ; n++) {
    await producer.append('accepted', 0, batchOf(`${n}`));
    say(`a ${n}`);
    // Leaves commits to it in which nothing else asks for a sync.
    if (n % 20 === 0) await env.timers.sleep(3, new AbortController().signal);
  }
}

await Promise.all([plain(), pairs(), accepted()]);
