import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';

/** What a plan is about, of one connector. */
export interface HashedConnector {
  readonly name: string;
  /** As stored, variables unresolved; null: there is none. */
  readonly current: RawConfig | null;
  /** null: it is deleted. */
  readonly proposed: RawConfig | null;
  readonly version: string | null;
}

const KEY_BYTES = 32;

/**
 * Names a plan by all that it was made of. Keyed: whoever sees a plan's hash cannot try passwords against it,
 * though everything else in it is known (I9).
 */
export function planHash(key: Uint8Array, connectors: readonly HashedConnector[]): string {
  const parts = connectors
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, current, proposed, version }) => [name, sorted(current), sorted(proposed), version]);
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

function sorted(config: RawConfig | null): unknown {
  return config === null ? null : Object.entries(config).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The hub's key for {@link planHash}: a file beside the log, so that a plan outlives a restart of the worker. */
export async function planKey(env: Env, hubPath: string): Promise<Uint8Array> {
  const path = join(hubPath, 'plan.key');
  const stored = await env.files.readFile(path).catch(() => null);
  if (stored !== null && stored.length === KEY_BYTES) return stored;
  const key = env.random.bytes(KEY_BYTES);
  const handle = await env.files.open(path, 'w', 0o600);
  try {
    await handle.writeFile(key);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return key;
}
