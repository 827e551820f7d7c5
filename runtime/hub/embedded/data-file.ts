import type { Env } from '../../env/env.ts';
import { MillraceError } from '../../record/error.ts';
import { DATA_FILE } from './store.ts';

/** Of LMDB's first page (lmdb.h of lmdb-js, data version 1 or 2): the magic number behind the page header. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const HEAD_BYTES = 4096;

/**
 * Looks at the beginning of the data file, because LMDB's binding crashes the process on a file that
 * is none of its own. A file of zeros is what a power cut leaves of a hub that was never opened
 * completely: true then, nothing was ever stored in it. `HUB_FORMAT`.
 */
export async function isUnborn(directory: string, env: Env): Promise<boolean> {
  const path = `${directory}/${DATA_FILE}`;
  const head = await readHead(path, env);
  if (head === null || head.length === 0) return false;
  if (head.length >= MAGIC_AT + 4 && head.readUInt32LE(MAGIC_AT) === MAGIC) return false;
  if (head.every((byte) => byte === 0)) return true;
  throw new MillraceError('HUB_FORMAT', `hub: ${path} is not a hub's data file`, {
    kind: 'config',
    key: 'millrace.hub.path',
    remedy: 'Choose another directory, or restore the file from a copy.',
  });
}

async function readHead(path: string, env: Env): Promise<Buffer | null> {
  const file = await env.files.open(path, 'r').catch(() => null);
  if (file === null) return null;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
