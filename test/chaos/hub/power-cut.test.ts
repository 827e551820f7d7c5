import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { DiskImage, noLoopMounts } from './disk-image.ts';
import { recovered, Script, sleep } from './processes.ts';

const CUTS = 120;
/** A fresh hub after so many, so that cuts also meet young files and small trees. */
const CUTS_OF_ONE_HUB = 20;

const scratch = await mkdtemp(`${tmpdir()}/millrace-cut-`);
const impossible = await noLoopMounts(`${scratch}/probe`);
if (impossible !== null) await rm(scratch, { recursive: true, force: true });

/** Writer and reader at work on a disk of their own. */
async function atWork(round: number): Promise<{ disk: DiskImage; writer: Script; reader: Script }> {
  const disk = await DiskImage.make(`${scratch}/${round}`, 192);
  const path = `${disk.mount}/hub`;
  const writer = new Script('writer-process.ts', [path]);
  await writer.ready();
  const reader = new Script('reader-process.ts', [path]);
  await reader.ready();
  return { disk, writer, reader };
}

/** Stops both, copies the disk, lets them go on, and looks at what the copy holds. */
async function cutOnce(at: { disk: DiskImage; writer: Script; reader: Script }, settle: boolean): Promise<number> {
  at.reader.signal('SIGSTOP');
  at.writer.signal('SIGSTOP');
  // Half of the cuts hit writes that are still on their way to the disk.
  if (settle) await sleep(15);
  const after = await at.disk.cut(`${scratch}/after`);
  await sleep(2);
  // What was accepted with acks=1 may be lost here.
  const acknowledged = { plain: at.writer.said('p'), pair: at.writer.said('t'), accepted: -1 };
  const seen = at.reader.said('saw');
  expect(at.writer.child.exitCode ?? at.reader.child.exitCode).toBeNull();
  at.writer.signal('SIGCONT');
  at.reader.signal('SIGCONT');
  try {
    const hub = await openHub({ path: `${after.mount}/hub`, env, options: { minFreeBytes: 0 } });
    try {
      return (await recovered(hub, acknowledged, seen)).plain;
    } finally {
      await hub.close();
    }
  } finally {
    await after.remove();
  }
}

it.skipIf(impossible !== null)(
  `loses nothing acknowledged, and nothing a reader saw, in ${CUTS} power cuts${impossible === null ? '' : ` (${impossible})`}`,
  async () => {
    let survived = 0;
    try {
      for (let round = 0; survived < CUTS; round++) {
        const at = await atWork(round);
        try {
          let last = -1;
          for (let cut = 0; cut < CUTS_OF_ONE_HUB && survived < CUTS; cut++, survived++) {
            await sleep(10 + Math.random() * 120);
            const plain = await cutOnce(at, cut % 2 === 1);
            expect(plain).toBeGreaterThanOrEqual(last);
            last = plain;
          }
          expect(last).toBeGreaterThan(0);
          expect(at.reader.said('saw')).toBeGreaterThan(0);
        } finally {
          await at.reader.kill();
          await at.writer.kill();
          await at.disk.remove();
        }
      }
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  },
);
