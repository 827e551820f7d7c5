import { createHash, timingSafeEqual } from 'node:crypto';
import type { Role, StoredToken } from '../settings/token-file.ts';

/** Who makes a request. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
  readonly via: 'token' | 'basic' | 'open';
}

/** Who may come in, as it is now. */
export interface Credentials {
  /** null: no file of tokens is configured. */
  readonly tokens: (() => Promise<readonly StoredToken[]>) | null;
  /** Users and passwords of HTTP Basic; null: no such file is configured. */
  readonly users: (() => Promise<Readonly<Record<string, string>>>) | null;
}

/** Who asks where nobody has to say who they are. */
export const ANYONE: Identity = { name: 'anyone', role: 'admin', via: 'open' };

/**
 * The identity that an `Authorization` header proves; null: none. `Bearer <token>`, or `Basic` with a user of
 * the users' file, or with a token as password for clients that speak nothing else. All known secrets are
 * compared, each in constant time: how long it takes tells nothing.
 */
export async function identify(header: string | undefined, credentials: Credentials): Promise<Identity | null> {
  const [, scheme = '', value = ''] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return byToken(value, (await credentials.tokens?.()) ?? [], 'token');
    case 'basic': {
      const text = Buffer.from(value, 'base64').toString('utf8');
      const cut = text.indexOf(':');
      if (cut < 0) return null;
      const user = byPassword(text.slice(0, cut), text.slice(cut + 1), (await credentials.users?.()) ?? {});
      return user ?? byToken(text.slice(cut + 1), (await credentials.tokens?.()) ?? [], 'basic');
    }
    default:
      return null;
  }
}

function byToken(token: string, tokens: readonly StoredToken[], via: Identity['via']): Identity | null {
  const digest = sha256(token);
  let found: Identity | null = null;
  for (const { name, role, sha256: known } of tokens) {
    if (timingSafeEqual(digest, Buffer.from(known, 'hex'))) found = { name, role, via };
  }
  return found;
}

function byPassword(user: string, password: string, users: Readonly<Record<string, string>>): Identity | null {
  const digest = sha256(password);
  let found: Identity | null = null;
  for (const [name, known] of Object.entries(users)) {
    const same = timingSafeEqual(digest, sha256(known));
    if (same && name === user) found = { name, role: 'admin', via: 'basic' };
  }
  return found;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
