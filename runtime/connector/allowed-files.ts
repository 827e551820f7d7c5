import { isAbsolute, sep } from 'node:path';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import type { Connector } from './connector.ts';
import { listedNames, type OptionError, type RawConfig } from './options.ts';

/** The worker's option: folders below which files of connectors must be. Empty: anywhere. */
export const ALLOWED_ROOTS = 'millrace.files.allowed.roots';

/** What is wrong with the roots a worker names. */
export function relativeRoots(roots: readonly string[] = []): OptionError[] {
  return roots
    .filter((root) => !isAbsolute(root))
    .map((root) => ({
      key: ALLOWED_ROOTS,
      message: `Invalid value ${root} for configuration ${ALLOWED_ROOTS}: must be an absolute path`,
      reason: 'invalid',
      remedy: `Write the whole path of ${root}.`,
    }));
}

/** Whether a path is one of the roots or below one, where links lead. */
export async function isBelow(env: Pick<Env, 'files'>, path: string, roots: readonly string[]): Promise<boolean> {
  const real = await env.files.realpath(path);
  for (const root of roots) {
    const folder = await env.files.realpath(root);
    if (real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return true;
  }
  return false;
}

/** Files of a connector that the worker does not let it touch. */
export async function foreignFiles(
  connector: Pick<Connector, 'files'>,
  config: RawConfig,
  worker: RawConfig,
  env: Pick<Env, 'files'>,
): Promise<readonly OptionError[]> {
  const roots = listedNames(worker[ALLOWED_ROOTS]);
  if (roots.length === 0) return [];
  const errors: OptionError[] = [];
  for (const { key, path } of connector.files?.(config) ?? []) {
    // What cannot be looked at is not allowed either.
    if (await isBelow(env, path, roots).catch(() => false)) continue;
    errors.push({
      key,
      message: `Invalid value ${path} for configuration ${key}: this worker lets connectors touch files below ${roots.join(', ')} only`,
      reason: 'invalid',
      problem: `this worker lets connectors touch files below ${roots.join(', ')} only`,
      remedy: `Set ${key} to a place below ${roots.join(' or ')}, or allow its folder in the worker's ${ALLOWED_ROOTS}.`,
    });
  }
  return errors;
}

/** Before a task is opened: what was allowed when it was configured may lead elsewhere now. */
export async function refuseForeignFiles(
  ...[connector, config, worker, env]: Parameters<typeof foreignFiles>
): Promise<void> {
  const [first] = await foreignFiles(connector, config, worker, env);
  if (first === undefined) return;
  throw new MillraceError('CONNECTOR_FILE_NOT_ALLOWED', first.message, {
    kind: 'permission',
    key: first.key,
    ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
  });
}
