import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { recovered, Script, sleep, type Recovered } from './processes.ts';

const KILLS = 40;

it(`has all it acknowledged after ${KILLS} kills of the writer, and nothing twice`, async () => {
  const path = await mkdtemp(`${tmpdir()}/millrace-kill-`);
  let last: Recovered = { plain: -1, pair: -1, accepted: -1 };
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      // After an aborted transaction the numbers go on behind it.
      const pairFrom = last.pair % 7 === 5 ? last.pair + 2 : last.pair + 1;
      const writer = new Script('writer-process.ts', [
        path,
        `${last.plain + 1}`,
        `${pairFrom}`,
        `${last.accepted + 1}`,
      ]);
      await writer.ready();
      const reader = kill % 2 === 0 ? new Script('reader-process.ts', [path]) : null;
      await reader?.ready();
      await sleep(20 + Math.random() * 150);
      await writer.kill();
      await sleep(5);
      await reader?.kill();
      const hub = await openHub({ path, env });
      try {
        const acknowledged = { plain: writer.said('p'), pair: writer.said('t'), accepted: writer.said('a') };
        last = await recovered(hub, acknowledged, reader?.said('saw') ?? -1);
        expect(hub.server.stats().openTransactions).toBe(0);
      } finally {
        await hub.close();
      }
    }
    expect(last.plain).toBeGreaterThan(KILLS);
    expect(last.pair).toBeGreaterThan(KILLS);
    expect(last.accepted).toBeGreaterThan(KILLS);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});
