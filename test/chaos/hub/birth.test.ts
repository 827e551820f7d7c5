import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { Script } from './processes.ts';

const HUBS = 60;

it('is met whole or not at all by readers that open it while it is born, and disturbs no writer', async () => {
  const base = await mkdtemp(`${tmpdir()}/millrace-birth-`);
  const paths = Array.from({ length: HUBS }, (_, n) => `${base}/${n}`);
  try {
    // Twice over the same hubs: born the first time, opened again while readers come and go the second.
    const writer = new Script('birth-process.ts', [...paths, ...paths]);
    const state = { ended: false };
    void writer.exited.then(() => (state.ended = true));
    const met = new Set<string>();
    let missed = 0;
    while (!state.ended) {
      for (const path of paths) {
        try {
          const hub = await openHubForReading({ path, env });
          await hub.close();
          met.add(path);
        } catch (error) {
          expect(error).toBeInstanceOf(MillraceError);
          expect(error).toMatchObject({ code: 'HUB_MISSING' });
          missed++;
        }
      }
    }
    expect(writer.child.exitCode).toBe(0);
    expect(missed).toBeGreaterThan(0);
    expect(met.size).toBeGreaterThan(HUBS / 2);
  } finally {
    await rm(base, { recursive: true, force: true });
  }
});
