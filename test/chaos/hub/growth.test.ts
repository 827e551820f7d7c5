import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import type { Hub } from '../../../runtime/hub/port.ts';
import { readAll } from '../../conformance/hub/driver.ts';
import { Script, sleep } from './processes.ts';

const KILLS = 15;

/** How many records were placed by another number than their offset tells; and how many there are. */
async function misplaced(hub: Hub): Promise<{ readonly wrong: number; readonly records: number }> {
  const topic = await hub.admin.describe('growing');
  const growths = topic?.growths ?? [];
  let wrong = 0;
  let records = 0;
  for (let partition = 0; partition < (topic?.partitions ?? 0); partition++) {
    for (const { offset, value } of await readAll(hub, 'growing', partition)) {
      records++;
      const stage = growths.find((growth) => offset < growth.offset)?.partitions ?? topic?.partitions;
      if (String(stage) !== value) wrong++;
    }
  }
  return { wrong, records };
}

it(`grows durably and at one instant through ${KILLS} kills: every offset tells by how many partitions it was placed`, async () => {
  const path = await mkdtemp(`${tmpdir()}/millrace-growth-`);
  let acknowledged = 0;
  let partitions = 1;
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const writer = new Script('growing-process.ts', [path]);
      await writer.ready();
      await sleep(20 + Math.random() * 150);
      await writer.kill();
      acknowledged += Math.max(0, writer.said('r'));
      const hub = await openHub({ path, env });
      try {
        const topic = await hub.admin.describe('growing');
        expect(topic?.partitions).toBeGreaterThanOrEqual(Math.max(partitions, writer.said('grown')));
        expect(topic?.growths?.map((growth) => growth.partitions)).toEqual(
          Array.from({ length: (topic?.partitions ?? 1) - 1 }, (_, index) => index + 1),
        );
        partitions = topic?.partitions ?? 0;
      } finally {
        await hub.close();
      }
    }
    const hub = await openHub({ path, env });
    try {
      const found = await misplaced(hub);
      expect(found.wrong).toBe(0);
      expect(found.records).toBeGreaterThanOrEqual(acknowledged);
      expect(partitions).toBeGreaterThan(KILLS / 3);
    } finally {
      await hub.close();
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
