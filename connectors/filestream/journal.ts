import { crc32 } from 'node:zlib';
import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { errnoOf } from '../../runtime/env/errno.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { TailMark } from './file-tail.ts';

/** The record of a partition's last line in the file: by it a replay is known again. */
export interface Held {
  /** The offset after it. */
  readonly next: bigint;
  readonly timestampMs: number;
  /** CRC-32 of its raw key and value. */
  readonly crc: number;
}

/** What the file holds at `length`. */
export interface Journal {
  readonly length: number;
  /** What it ends with there; null: not known. */
  readonly tail: TailMark | null;
  readonly held: ReadonlyMap<string, Held>;
  /** Ids of the dead letters of the last redrive, all of which it holds. */
  readonly redriven: readonly string[];
}

interface Stored {
  readonly version: 1;
  readonly length: number;
  /** Absent: written before there was such a mark. */
  readonly tail?: TailMark;
  /** Absent: none. */
  readonly redriven?: readonly string[];
  readonly partitions: Readonly<
    Record<string, { readonly next: string; readonly timestamp: number; readonly crc: number }>
  >;
}

export function heldOf(record: SinkRecord): Held {
  const { offset, timestampMs, rawKey, rawValue } = record;
  const crc = crc32(rawValue ?? Buffer.alloc(0), crc32(rawKey ?? Buffer.alloc(0)));
  return { next: offset + 1n, timestampMs, crc };
}

export function sameHeld(a: Held, b: Held): boolean {
  return a.next === b.next && a.timestampMs === b.timestampMs && a.crc === b.crc;
}

/** `.<name>.offsets` beside the file. */
export function journalPath(file: string): string {
  const slash = file.lastIndexOf('/') + 1;
  return `${file.slice(0, slash)}.${file.slice(slash)}.offsets`;
}

/** null: there is none. */
export async function readJournal(env: Env, file: string): Promise<Journal | null> {
  const path = journalPath(file);
  let text: string;
  try {
    text = (await env.files.readFile(path)).toString();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    const { version, length, tail = null, partitions, redriven = [] } = JSON.parse(text) as Stored;
    if (version !== 1 || !Number.isSafeInteger(length)) throw new Error('another version');
    const held = Object.entries(partitions).map(
      ([name, { next, timestamp, crc }]) => [name, { next: BigInt(next), timestampMs: timestamp, crc }] as const,
    );
    return { length, tail, held: new Map(held), redriven };
  } catch (error) {
    throw new MillraceError('FILESTREAM_OFFSETS_CORRUPT', `${path} cannot be read: ${String(error)}`, {
      kind: 'corrupt',
      key: 'millrace.file.exactly.once',
      remedy: `Remove ${path}: records since the last commit may then be in the file twice.`,
      cause: error,
    });
  }
}

/** Durable when it resolves: written beside, synced, renamed, the directory synced. */
export async function writeJournal(env: Env, file: string, { length, tail, held, redriven }: Journal): Promise<void> {
  const path = journalPath(file);
  const partitions = Object.fromEntries(
    [...held].map(([name, { next, timestampMs, crc }]) => [name, { next: String(next), timestamp: timestampMs, crc }]),
  );
  const stored: Stored = {
    version: 1,
    length,
    ...(tail === null ? {} : { tail }),
    partitions,
    ...(redriven.length === 0 ? {} : { redriven }),
  };
  const handle = await env.files.open(`${path}.new`, 'w');
  try {
    await handle.writeFile(JSON.stringify(stored));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await env.files.rename(`${path}.new`, path);
  await env.files.syncDirectory(folderOf(path));
}

/** Durable when it resolves; where there is none nothing is done. */
export async function removeJournal(env: Env, file: string): Promise<void> {
  const path = journalPath(file);
  try {
    await env.files.unlink(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  await env.files.syncDirectory(folderOf(path));
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) || '.';
}
