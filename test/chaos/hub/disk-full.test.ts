import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, readAll, values } from '../../conformance/hub/driver.ts';
import { sleep } from './processes.ts';

const run = promisify(execFile);
const MEGABYTE = 1024 * 1024;
/** So that the disk itself says no. */
const UNGUARDED = -(2 ** 50);
const body = 'x'.repeat(100_000);

const numbers = (records: readonly (string | null)[]) => records.map((value) => Number(value?.split(' ')[0]));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

const mount = await mkdtemp(`${tmpdir()}/millrace-full-`);
const impossible = await run('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', mount]).then(
  () => null,
  (error: Error) => `no tmpfs mounts here: ${error.message.split('\n')[0]}`,
);
if (impossible !== null && process.env['CI']) throw new Error(impossible);

describe.skipIf(impossible !== null)(`a full disk${impossible === null ? '' : ` (${impossible})`}`, () => {
  let path = '';
  let round = 0;
  beforeEach(() => {
    path = `${mount}/hub-${round++}`;
  });
  afterAll(async () => {
    await run('umount', ['-l', mount]);
    await rm(mount, { recursive: true, force: true });
  });

  async function fill(options: { minFreeBytes: number; mapBytes?: number }) {
    const hub = await openHub({ path, env, options });
    await hub.admin.createTopic('t', 1, { 'retention.ms': '-1' });
    const producer = await hub.producer({ acks: 'all' });
    let appended = 0;
    let failure: unknown = null;
    while (failure === null && appended < 5000) {
      try {
        await producer.append('t', 0, batchOf(`${appended} ${body}`));
        appended++;
      } catch (error) {
        failure = error;
      }
    }
    expect(failure).toMatchObject({ code: 'HUB_DISK_FULL', kind: 'full', remedy: expect.any(String) });
    return { hub, producer, appended };
  }

  it('is kept away by the minimum; offsets, transactions and readers go on; appends resume with the space', async () => {
    const ballast = `${mount}/ballast`;
    await writeFile(ballast, Buffer.alloc(16 * MEGABYTE, 1));
    const { hub, producer, appended } = await fill({ minFreeBytes: 8 * MEGABYTE });
    expect(await env.files.freeBytes(mount)).toBeGreaterThan(7 * MEGABYTE);
    expect(appended).toBeGreaterThan(50);
    expect(hub.server.stats().diskFull).toBe(true);
    expect(numbers(values(await readAll(hub, 't')))).toEqual(upTo(appended));
    await hub.groups.alter('g', [{ topic: 't', partition: 0, offset: 5n }]);
    await rm(ballast);
    // A look at the disk is due a tenth of a second after the last.
    await sleep(150);
    await producer.append('t', 0, batchOf(`${appended}`)).catch(() => undefined);
    await sleep(150);
    const records = numbers(values(await readAll(hub, 't')));
    if (records.length === appended) await producer.append('t', 0, batchOf(`${appended}`));
    expect(numbers(values(await readAll(hub, 't')))).toEqual(upTo(appended + 1));
    await hub.close();
    await rm(path, { recursive: true });
  });

  it('that comes without warning loses nothing and harms nothing', async () => {
    const { hub, producer, appended } = await fill({ minFreeBytes: UNGUARDED });
    expect(numbers(values(await readAll(hub, 't')))).toEqual(upTo(appended));
    await expect(hub.groups.alter('g', [{ topic: 't', partition: 0, offset: 5n }])).resolves.toBeUndefined();
    await expect(producer.append('t', 0, batchOf(body))).rejects.toMatchObject({ code: 'HUB_DISK_FULL' });
    await hub.close();
    await run('mount', ['-o', 'remount,size=64m', mount]);
    const again = await openHub({ path, env, options: { minFreeBytes: UNGUARDED } });
    expect(numbers(values(await readAll(again, 't')))).toEqual(upTo(appended));
    const more = await again.producer({ acks: 'all' });
    await more.append('t', 0, batchOf(`${appended}`));
    expect(numbers(values(await readAll(again, 't')))).toEqual(upTo(appended + 1));
    await again.close();
    await rm(path, { recursive: true });
  });

  it('and the limit of the map are told apart only by their words; retention makes room', async () => {
    const { hub, producer, appended } = await fill({ minFreeBytes: UNGUARDED, mapBytes: 12 * MEGABYTE });
    await hub.admin.deleteRecords({ topic: 't', partition: 0 }, BigInt(appended - 5));
    await producer.append('t', 0, batchOf(`${appended}`));
    expect(numbers(values(await readAll(hub, 't')))).toHaveLength(6);
    await hub.close();
    await rm(path, { recursive: true });
  });
});
