import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { batchOf, readAll, values } from '../../conformance/hub/driver.ts';
import { DiskImage, noLoopMounts } from './disk-image.ts';

const scratch = await mkdtemp(`${tmpdir()}/millrace-one-cut-`);
const impossible = await noLoopMounts(`${scratch}/probe`);
if (impossible !== null) await rm(scratch, { recursive: true, force: true });

/** The power fails right after the last answer: nothing else wrote, so nothing else can have synced it. */
it.skipIf(impossible !== null)(
  `an append is there after a power cut at the moment it was acknowledged${impossible === null ? '' : ` (${impossible})`}`,
  async () => {
    const disk = await DiskImage.make(`${scratch}/before`, 64);
    try {
      const hub = await openHub({ path: `${disk.mount}/hub`, env, options: { minFreeBytes: 0 } });
      try {
        await hub.admin.createTopic('t', 1);
        const producer = await hub.producer({ acks: 'all' });
        for (const value of ['a', 'b', 'c']) await producer.append('t', 0, batchOf(value));
        expect(await afterCut(disk)).toEqual(['a', 'b', 'c']);
      } finally {
        await hub.close();
      }
    } finally {
      await disk.remove();
      await rm(scratch, { recursive: true, force: true });
    }
  },
);

async function afterCut(disk: DiskImage): Promise<(string | null)[]> {
  const after = await disk.cut(`${scratch}/after`);
  try {
    const hub = await openHub({ path: `${after.mount}/hub`, env, options: { minFreeBytes: 0 } });
    try {
      return values(await readAll(hub, 't'));
    } finally {
      await hub.close();
    }
  } finally {
    await after.remove();
  }
}
