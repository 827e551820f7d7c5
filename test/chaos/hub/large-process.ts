/** Appends megabytes in one transaction, prints `ready` when they are durable, and leaves it open. */
import { writeSync } from 'node:fs';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, never } from '../../conformance/hub/driver.ts';

const [path = '', megabytes = '1'] = process.argv.slice(2);
const hub = await openHub({ path, env });
await hub.admin.createTopic('large', 1);
const producer = await hub.producer({ acks: 'all', transactionalId: 'large', transactionTimeoutMs: 600_000 });
const megabyte = 'x'.repeat(1_000_000);
producer.begin();
for (let sent = 0; sent < Number(megabytes); sent++) await producer.append('large', 0, batchOf(megabyte));
writeSync(1, 'ready\n');
await env.timers.sleep(600_000, never);
