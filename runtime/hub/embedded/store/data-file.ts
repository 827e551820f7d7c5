import type { Env } from '../../../env/env.ts';
import { MillraceError } from '../../../record/error.ts';
import { DATA_FILE, FORMAT, Store } from './store.ts';

/** Of LMDB's first page (lmdb.h of lmdb-js, data version 1 or 2): the magic number behind the page header. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const HEAD_BYTES = 4096;

const NEW_FILE = `${DATA_FILE}.new-`;

/** What the data file's beginning says. `unborn`: zeros or nothing, so nothing was ever stored in it. */
export type DataFile = 'absent' | 'unborn' | 'there';

/**
 * Looks before LMDB does, because its binding crashes the process on a file that is none of its own,
 * an empty one too. `HUB_FORMAT`.
 */
export async function lookAtDataFile(directory: string, env: Env): Promise<DataFile> {
  const path = `${directory}/${DATA_FILE}`;
  const head = await readHead(path, env);
  if (head === null) return 'absent';
  if (head.length >= MAGIC_AT + 4 && head.readUInt32LE(MAGIC_AT) === MAGIC) return 'there';
  if (head.every((byte) => byte === 0)) return 'unborn';
  throw new MillraceError('HUB_FORMAT', `hub: ${path} is not a hub's data file`, {
    kind: 'config',
    key: 'millrace.hub.path',
    remedy: 'Choose another directory, or restore the file from a copy.',
  });
}

/**
 * Makes sure that there is a data file with an identity. It is written under another name and takes
 * its own when it is whole and synced, so that a reader meets a hub or none, never half of one.
 */
export async function bearDataFile(directory: string, env: Env, mapBytes?: number): Promise<void> {
  const found = await lookAtDataFile(directory, env);
  if (found === 'there') return;
  const path = `${directory}/${DATA_FILE}`;
  const file = `${NEW_FILE}${env.random.uuid()}`;
  if (found === 'unborn') await env.files.unlink(path);
  const store = new Store(directory, mapBytes === undefined ? { file } : { file, mapBytes });
  try {
    store.commit(true, () => store.putIdentity({ format: FORMAT, hubId: env.random.uuid() }));
  } finally {
    await store.close();
  }
  try {
    await env.files.link(store.path, path);
  } catch (error) {
    // Another process was faster: its hub is the hub.
    if ((await lookAtDataFile(directory, env)) !== 'there') throw error;
  }
  await sweepNewFiles(directory, env);
  await env.files.syncDirectory(directory);
}

/** Also what a start left behind that was killed. */
async function sweepNewFiles(directory: string, env: Env): Promise<void> {
  for (const { name } of await env.files.readdir(directory)) {
    if (name.startsWith(NEW_FILE)) await env.files.unlink(`${directory}/${name}`).catch(() => undefined);
  }
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
