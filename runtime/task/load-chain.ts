import type { Log } from '../connector/context.ts';
import { listedNames, type RawConfig } from '../connector/options.ts';
import type { TransformChain } from '../transform/chain.ts';

/** The chain of a connector; null: it has no transforms, and their code is not loaded. Throws a `config` error by key. */
export async function loadChain(config: RawConfig, log: Log): Promise<TransformChain | null> {
  if (listedNames(config['transforms']).length === 0) return null;
  const { createChain } = await import('../transform/chain.ts');
  return createChain(config, log);
}
