import type { FileHandle } from 'node:fs/promises';
import type { ConnectorCall } from '../../runtime/connector/connector.ts';
import type { RewindTarget, RewoundPartition } from '../../runtime/connector/rewind.ts';
import { rowRecords } from '../../runtime/connector/row-records.ts';
import type { SourceOffset, SourceRecord } from '../../runtime/connector/source.ts';
import { errnoOf } from '../../runtime/env/errno.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { lineLayout, takeLines } from './line-block.ts';
import { storedPosition } from './offset.ts';
import type { FileStreamSourceOptions } from './options.ts';

const SAMPLE_BYTES = 1 << 20;
const CHUNK_BYTES = 1 << 18;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** The first whole lines of the file, at most a megabyte of them; none where there is no file yet. */
export async function sampleLines(
  { file, topic, 'millrace.line.charset': charset }: FileStreamSourceOptions,
  { env }: ConnectorCall,
  count: number,
): Promise<readonly SourceRecord[]> {
  return withFile(env, file, async (handle) => {
    if (handle === null) return [];
    const bytes = Buffer.alloc(SAMPLE_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, SAMPLE_BYTES, 0);
    return rowRecords(takeLines(bytes.subarray(0, bytesRead), lineLayout(topic, charset), count).block);
  });
}

/** Back to a byte at which a line begins. */
export async function rewindFile(
  { file }: FileStreamSourceOptions,
  { env, signal }: ConnectorCall,
  stored: readonly SourceOffset[],
  to: RewindTarget,
): Promise<readonly RewoundPartition[]> {
  if (to.kind !== 'offset') throw wrongTarget(to.kind, 'a file is read again from a byte');
  const found = stored.find(({ partition }) => partition['filename'] === file);
  const { position } = storedPosition(stored, file);
  const target = Number(to.offset);
  if (found === undefined || target >= position) return [];
  return withFile(env, file, async (handle) => {
    if (handle === null) throw gone(file);
    const start = await lineStart(handle, target);
    if (start !== target) throw midLine(file, target, start);
    return [
      {
        partition: found.partition,
        from: found.offset,
        to: { ...found.offset, position: target },
        records: await countLines(handle, target, position, signal),
        bytes: position - target,
      },
    ];
  });
}

async function withFile<T>(
  env: ConnectorCall['env'],
  file: string,
  use: (handle: FileHandle | null) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    handle = await env.files.open(file, 'r');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') {
      throw new MillraceError('FILESTREAM_UNREADABLE', `opening ${file}: ${String(error)}`, {
        kind: 'permission',
        key: 'file',
        remedy: `Let the worker read ${file}.`,
        cause: error,
      });
    }
  }
  try {
    return await use(handle);
  } finally {
    await handle?.close();
  }
}

/** Start of the line that a byte is in. */
async function lineStart(handle: FileHandle, at: number): Promise<number> {
  for (let end = at; end > 0;) {
    const from = Math.max(0, end - CHUNK_BYTES);
    const bytes = Buffer.alloc(end - from);
    await handle.read(bytes, 0, bytes.length, from);
    const feed = Math.max(bytes.lastIndexOf(LINE_FEED), bytes.lastIndexOf(CARRIAGE_RETURN));
    if (feed >= 0) return from + feed + 1;
    end = from;
  }
  return 0;
}

/** `\r\n` ends one line. */
async function countLines(handle: FileHandle, from: number, to: number, signal: AbortSignal): Promise<number> {
  const bytes = Buffer.alloc(CHUNK_BYTES);
  let lines = 0;
  let last = 0;
  for (let at = from; at < to;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(bytes, 0, Math.min(CHUNK_BYTES, to - at), at);
    if (bytesRead === 0) break;
    for (let i = 0; i < bytesRead; i++) {
      const byte = bytes[i] as number;
      if (byte === CARRIAGE_RETURN || (byte === LINE_FEED && last !== CARRIAGE_RETURN)) lines++;
      last = byte;
    }
    at += bytesRead;
  }
  return lines;
}

function wrongTarget(key: string, why: string): MillraceError {
  return new MillraceError('FILESTREAM_REWIND_TARGET', `${why}, not from a ${key}`, {
    kind: 'config',
    key,
    remedy: 'Give a byte position: --to-offset 0 is the start of the file.',
  });
}

function gone(file: string): MillraceError {
  return new MillraceError('FILESTREAM_FILE_CHANGED', `there is no file ${file}: nothing can be read again`, {
    kind: 'position',
    key: 'file',
    remedy: 'Put the file back.',
  });
}

function midLine(file: string, at: number, start: number): MillraceError {
  return new MillraceError('FILESTREAM_REWIND_MID_LINE', `byte ${at} of ${file} lies within a line`, {
    kind: 'position',
    key: 'offset',
    remedy: `Give the byte its line begins at: ${start}.`,
  });
}
