/**
 * Writes a hub until it is killed, and gives its topic more partitions meanwhile. A record's value is the number
 * of partitions by which it was placed. Prints what was acknowledged:
 *
 *     ready
 *     grown <n>  topic "growing" has n partitions
 *     r <n>      n records are appended in this run
 */
import { writeSync } from 'node:fs';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { batchOf } from '../../conformance/hub/driver.ts';

const [path = ''] = process.argv.slice(2);
const TOPIC = 'growing';
const hub = await openHub({ path, env, options: { minFreeBytes: 0 } });
if ((await hub.admin.describe(TOPIC)) === null) await hub.admin.createTopic(TOPIC, 1, { 'retention.ms': '-1' });
const say = (line: string): void => void writeSync(1, `${line}\n`);
say('ready');

let records = 0;

async function write(transactionalId?: string): Promise<void> {
  const producer = await hub.producer({ acks: 'all', ...(transactionalId === undefined ? {} : { transactionalId }) });
  for (;;) {
    const partitions = await producer.partitions(TOPIC);
    if (transactionalId !== undefined) producer.begin();
    const appends = [1, 2, 3].map(() => {
      const partition = Math.floor(Math.random() * partitions);
      return producer.append(TOPIC, partition, batchOf(String(partitions)), partitions);
    });
    if (transactionalId !== undefined) appends.push(producer.commit() as never);
    const refused = (await Promise.allSettled(appends)).flatMap((one) =>
      one.status === 'rejected' ? [one.reason] : [],
    );
    const other = refused.find((e) => !(e instanceof MillraceError) || e.code !== 'HUB_PARTITIONS_CHANGED') as unknown;
    if (other !== undefined) throw other;
    if (refused.length === 0) say(`r ${(records += 3)}`);
  }
}

async function grow(): Promise<void> {
  for (;;) {
    await env.timers.sleep(Math.random() * 8, new AbortController().signal);
    const now = (await hub.admin.describe(TOPIC))?.partitions ?? 0;
    if (now > 100) continue;
    const { partitions } = await hub.admin.createPartitions(TOPIC, now + 1);
    say(`grown ${partitions}`);
  }
}

await Promise.all([write(), write('tx'), grow()]);
