import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub, openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, readAll, values } from './driver.ts';

/** A process that follows topic `t` and prints each value. */
function follow(path: string, isolation: string) {
  const script = new URL('follow-process.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path, isolation], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async () => (await lines.next()).value as string,
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}

it('serves readers of other processes while it writes, wakes them, and outlives them', async () => {
  const path = await mkdtemp(`${tmpdir()}/millrace-hub-`);
  let hub = await openHub({ path, env });
  await hub.admin.createTopic('t', 1);
  let producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
  const committed = follow(path, 'read_committed');
  const uncommitted = follow(path, 'read_uncommitted');
  try {
    expect(await committed.next()).toBe('following');
    expect(await uncommitted.next()).toBe('following');
    producer.begin();
    await producer.append('t', 0, batchOf('a'));
    expect(await uncommitted.next()).toBe('a');
    await producer.commit();
    expect(await committed.next()).toBe('a');
    uncommitted.stop();
    await hub.close();
    const reading = await openHubForReading({ path, env });
    expect(values(await readAll(reading, 't'))).toEqual(['a']);
    await expect(reading.admin.createTopic('other', 1)).rejects.toMatchObject({ code: 'HUB_READ_ONLY' });
    await reading.close();
    hub = await openHub({ path, env });
    producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf('b'));
    await producer.commit();
    expect(await committed.next()).toBe('b');
  } finally {
    committed.stop();
    uncommitted.stop();
    await hub.close();
    await rm(path, { recursive: true });
  }
});
