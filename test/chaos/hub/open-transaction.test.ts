import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, readAll, values } from '../../conformance/hub/driver.ts';
import { Script } from './processes.ts';

it('starts at once beside a large transaction that a kill left open, and nobody waits for it', async () => {
  const path = await mkdtemp(`${tmpdir()}/millrace-open-`);
  try {
    const writer = new Script('large-process.ts', [path, '96']);
    await writer.ready();
    await writer.kill();
    const started = performance.now();
    const hub = await openHub({ path, env });
    const openMs = performance.now() - started;
    const of = { topic: 'large', partition: 0 };
    const { latest, sizeBytes } = await hub.admin.offsets(of, 'read_committed');
    expect(sizeBytes).toBeGreaterThan(96 * 1_000_000);
    expect((await hub.admin.offsets(of)).latest).toBe(latest);
    const producer = await hub.producer({ acks: 'all', transactionalId: 'large' });
    producer.begin();
    await producer.append('large', 0, batchOf('after'));
    await producer.commit();
    expect(values(await readAll(hub, 'large'))).toEqual(['after']);
    await hub.close();
    expect(openMs).toBeLessThan(500);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
