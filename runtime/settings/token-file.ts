import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { errnoOf } from '../env/errno.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/**
 * What a token may do, each all of the one before:
 * viewer reads; operator runs what there is (pause, resume, stop, restart, log levels); admin changes it.
 */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A bearer token as it is kept: not the token, but what tells it. */
export interface StoredToken {
  readonly name: string;
  readonly role: Role;
  /** Of the token's text, in hexadecimal. A token has 256 random bits: a slow hash would protect nothing more. */
  readonly sha256: string;
  /** ISO 8601. */
  readonly created: string;
}

const PREFIX = 'mlr_';

/** A new token: 256 random bits under a prefix that scanners for leaked secrets can look for. */
export function newToken(env: Env): string {
  return PREFIX + env.random.bytes(32).toString('base64url');
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Reads `{"tokens":[{"name","role","sha256","created"}]}`; throws an `Error` that shows no value. */
export function parseTokens(text: string): readonly StoredToken[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('the file is no JSON');
  }
  const tokens = typeof parsed === 'object' && parsed !== null && 'tokens' in parsed ? parsed.tokens : undefined;
  if (!Array.isArray(tokens)) throw new Error('the file has no list of tokens');
  return tokens.map(parseToken);
}

function parseToken(value: unknown, index: number): StoredToken {
  const fields: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const { name, role, sha256, created } = fields;
  const known = ROLES.find((one) => one === role);
  if (typeof name !== 'string' || name === '') throw new Error(`token ${index + 1} has no name`);
  if (known === undefined) throw new Error(`token ${name} has none of the roles ${ROLES.join(', ')}`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`token ${name} has no sha256`);
  return { name, role: known, sha256, created: typeof created === 'string' ? created : '' };
}

/** Nothing, where there is no file yet. */
export async function readTokenFile(env: Env, path: string): Promise<readonly StoredToken[]> {
  try {
    return parseTokens((await env.files.readFile(path)).toString('utf8'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    const problem = messageOf(error);
    throw new MillraceError('TOKEN_FILE_UNREADABLE', `reading ${path}: ${problem}`, {
      kind: 'config',
      remedy: 'Correct this file, or name another one.',
      cause: error,
    });
  }
}

/** Replaces the file at once, readable by its owner only. */
export async function writeTokenFile(env: Env, path: string, tokens: readonly StoredToken[]): Promise<void> {
  await writePrivateFile(env, path, `${JSON.stringify({ tokens }, null, 2)}\n`);
}

/** Replaces a file at once, readable by its owner only from the first byte on. */
export async function writePrivateFile(env: Env, path: string, text: string): Promise<void> {
  const draft = `${path}.${env.random.bytes(6).toString('hex')}.new`;
  await env.files.mkdir(dirname(path));
  const handle = await env.files.open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await env.files.rename(draft, path);
}
