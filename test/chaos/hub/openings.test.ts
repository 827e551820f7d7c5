import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { recovered, Script } from './processes.ts';

const RUN_MS = 15_000;
/** In memory where there is such a place: the more commits meet an opening, the better. */
const BASE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

it('loses no commit to processes that open the store again and again', async () => {
  const path = await mkdtemp(`${BASE}/millrace-openings-`);
  const writer = new Script('writer-process.ts', [path]);
  const others: Script[] = [];
  try {
    await writer.ready();
    const reader = new Script('reader-process.ts', [path]);
    const openers = [1, 2].map(() => new Script('opener-process.ts', [path]));
    others.push(reader, ...openers);
    await Promise.all(others.map((script) => script.ready()));
    await sleep(RUN_MS);
    // None has ended of itself, over a lost commit or an offset that is out of range.
    for (const { child } of [writer, ...others]) expect(child.exitCode).toBeNull();
    for (const opener of openers) expect(opener.said('opened')).toBeGreaterThan(1000);
    expect(writer.said('t')).toBeGreaterThan(100);
    await writer.kill();
    await Promise.all(others.map((script) => script.kill()));
    const hub = await openHubForReading({ path, env });
    const acknowledged = { plain: writer.said('p'), pair: writer.said('t'), accepted: writer.said('a') };
    expect(await recovered(hub, acknowledged, reader.said('saw'))).toBeDefined();
    await hub.close();
  } finally {
    await Promise.all([writer, ...others].map((script) => script.kill()));
    await rm(path, { recursive: true, force: true });
  }
});
