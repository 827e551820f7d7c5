import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../record/error.ts';

/**
 * Refuses what UTF-8 has no bytes for, before anything is made of it: a body that is not UTF-8, and texts in
 * it with half a surrogate pair (`"\ud800"` is JSON). Stored, they would come back as another text (I6).
 */
export function requireUtf8(body: Uint8Array): void {
  if (!isUtf8(body)) throw malformed('The body is not UTF-8');
}

export function requireWellFormed(parsed: unknown): void {
  const found = malformedKey(parsed, []);
  if (found === undefined) return;
  // JSON writes half a pair as an escape.
  const key = found.filter((part) => part !== 'config').at(-1) ?? '';
  const shown = key.isWellFormed() ? key : JSON.stringify(key);
  throw malformed(`${shown} has half a surrogate pair, which is no character and has no UTF-8`, shown);
}

/** Where the first such text stands, or the first such key; undefined: nowhere. */
function malformedKey(value: unknown, path: readonly string[]): readonly string[] | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const below = Array.isArray(value) ? path : [...path, key];
    const found = key.isWellFormed() ? malformedKey(inner, below) : below;
    if (found !== undefined) return found;
  }
  return undefined;
}

function malformed(message: string, key?: string): MillraceError {
  return new MillraceError('REQUEST_TEXT', message, {
    kind: 'config',
    ...(key === undefined ? {} : { key }),
    remedy: 'Write texts in UTF-8, and characters beyond U+FFFF as both halves of their pair.',
  });
}
