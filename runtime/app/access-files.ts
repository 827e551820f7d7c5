import { errnoOf } from '../env/errno.ts';
import { realEnv } from '../env/real.ts';
import { MillraceError } from '../record/error.ts';
import {
  hashToken,
  newToken,
  readTokenFile,
  writePrivateFile,
  writeTokenFile,
  type Role,
  type StoredToken,
} from '../settings/token-file.ts';
import { notFound } from './not-found.ts';

/** Adds a token to a file, made where it is missing, and returns it: it stands nowhere else. `TOKEN_EXISTS`. */
export async function createToken(path: string, name: string, role: Role): Promise<string> {
  const tokens = await readTokenFile(realEnv, path);
  if (tokens.some((one) => one.name === name)) {
    throw new MillraceError('TOKEN_EXISTS', `${path} has a token ${name} already`, {
      kind: 'conflict',
      key: '--name',
      remedy: `Choose another name, or revoke it first: millrace token revoke ${name}`,
    });
  }
  const token = newToken(realEnv);
  const created = new Date(realEnv.clock.nowMs()).toISOString();
  await writeTokenFile(realEnv, path, [...tokens, { name, role, sha256: hashToken(token), created }]);
  return token;
}

/** Removes a token from a file; workers refuse it within a second. `TOKEN_NOT_FOUND`. */
export async function revokeToken(path: string, name: string): Promise<void> {
  const tokens = await readTokenFile(realEnv, path);
  const left = tokens.filter((one) => one.name !== name);
  if (left.length === tokens.length) {
    const names = tokens.map((one) => one.name);
    throw notFound('TOKEN_NOT_FOUND', 'token', name, names, 'millrace token list');
  }
  await writeTokenFile(realEnv, path, left);
}

export function listTokens(path: string): Promise<readonly StoredToken[]> {
  return readTokenFile(realEnv, path);
}

/** Puts a new key before those a file has: it seals from the next start of the worker on, the others open. */
export async function createSecretKey(path: string): Promise<void> {
  const before = await readIfThere(path);
  await writePrivateFile(realEnv, path, `${realEnv.random.bytes(32).toString('base64')}\n${before}`);
}

async function readIfThere(path: string): Promise<string> {
  try {
    return (await realEnv.files.readFile(path)).toString('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
