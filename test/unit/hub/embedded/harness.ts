import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import type { Env } from '../../../../runtime/env/env.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { openHub } from '../../../../runtime/hub/embedded/open.ts';
import type { HubOptions } from '../../../../runtime/hub/embedded/writer/server.ts';

/** A clock that stands until it is moved; the rest of the edges are real. */
export function testEnv(): { readonly env: Env; readonly at: { ms: number } } {
  const at = { ms: 1_700_000_000_000 };
  return { env: { ...realEnv, clock: { ...realEnv.clock, nowMs: () => at.ms } }, at };
}

export async function scratch(): Promise<string> {
  const path = await mkdtemp(`${tmpdir()}/millrace-hub-`);
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A hub in this thread, closed when the test ends. */
export async function openTestHub(path: string, env: Env = realEnv, options: HubOptions = {}) {
  const hub = await openHub({ path, env, options: { cleanEveryMs: 3_600_000, ...options } });
  onTestFinished(() => hub.close());
  return hub;
}
