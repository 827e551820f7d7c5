import type { FileHandle } from 'node:fs/promises';
import type { TaskContext } from '../../runtime/connector/context.ts';
import { rowRecords } from '../../runtime/connector/row-records.ts';
import type {
  RejectedSource,
  SourceBatch,
  SourceRecord,
  SourceTask,
  SourceTaskStart,
} from '../../runtime/connector/source.ts';
import { errnoOf } from '../../runtime/env/errno.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import { NO_TIMESTAMP, RowBlock } from '../../runtime/record/row-block.ts';
import type { RowLayout } from '../../runtime/record/row-layout.ts';
import { isLineOf, lineLayout, takeLines } from './line-block.ts';
import { filePartition, storedPosition, type FilePosition } from './offset.ts';
import type { FileStreamSourceOptions } from './options.ts';

const CHUNK_BYTES = 1 << 18;
/** How often a file that has not grown, or is not there, is looked at again. */
const POLL_MS = 100;

/**
 * Reads a file as it grows. A line is read when its end is there. The offset names the file (its
 * inode) and the byte; a file that is another one, or shorter than what was read of it, is in doubt
 * and stops the task (D16): lines were lost, or would come twice.
 */
export class FileStreamSourceTask implements SourceTask {
  readonly #options: FileStreamSourceOptions;
  readonly #partition: JsonObject;
  readonly #layout: RowLayout;
  #env: Env | null = null;
  #context: TaskContext | null = null;
  #start: FilePosition = { position: 0, inode: null };
  #handle: FileHandle | null = null;
  #inode = '';
  /** Bytes read and not handed over: the beginning of a line. */
  #rest: Buffer = Buffer.alloc(0);
  /** Where `#rest` begins in the file. */
  #position = 0;
  #closed = false;

  constructor(options: FileStreamSourceOptions) {
    this.#options = options;
    this.#partition = filePartition(options.file);
    this.#layout = lineLayout(options.topic, options['millrace.line.charset']);
  }

  async open({ offsets, env, context }: SourceTaskStart): Promise<void> {
    this.#env = env;
    this.#context = context;
    this.#start = storedPosition(offsets, this.#options.file);
    this.#position = this.#start.position;
    await this.#openFile(env);
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    const env = this.#env;
    if (env === null) throw new Error('read() before open()');
    for (;;) {
      signal.throwIfAborted();
      const batch = this.#take();
      if (batch !== null) return batch;
      if (await this.#more(env)) continue;
      this.#context?.idle(`${this.#options.file} has no whole line after byte ${this.#position}`);
      await env.timers.sleep(POLL_MS, signal);
    }
  }

  /** A line that was rejected, read by the charset that is set now. */
  async revive({ raw }: Pick<RejectedSource, 'raw'>): Promise<readonly SourceRecord[]> {
    if (!isLineOf(this.#layout, raw)) throw notText(`the line in ${this.#options.file}`);
    const block = new RowBlock(Buffer.from(raw), 1, 2);
    block.begin(this.#layout, NO_TIMESTAMP);
    block.cell(0, raw.length);
    return rowRecords(block);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  #take(): SourceBatch | null {
    const bytes = this.#rest;
    const { block, taken, wrong } = takeLines(bytes, this.#layout, this.#options['batch.size']);
    if (taken === 0) {
      this.#refuseLongLine(bytes.length);
      return null;
    }
    const from = this.#position;
    const rejected = wrong.map(({ at, length }) => this.#reject(bytes.subarray(at, at + length), from + at));
    this.#position += taken;
    this.#rest = bytes.subarray(taken);
    return {
      records: block,
      progress: [{ partition: this.#partition, position: this.#standing(this.#position) }],
      ...(rejected.length === 0 ? {} : { rejected }),
    };
  }

  /** Reads on; false: there is nothing more yet. */
  async #more(env: Env): Promise<boolean> {
    const handle = this.#handle ?? (await this.#openFile(env));
    if (handle === null) return false;
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const at = this.#position + this.#rest.length;
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) {
      await this.#compare(env, handle, at);
      return false;
    }
    const fresh = chunk.subarray(0, bytesRead);
    this.#rest = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    return true;
  }

  async #openFile(env: Env): Promise<FileHandle | null> {
    const { file } = this.#options;
    try {
      const handle = await env.files.open(file, 'r');
      if (this.#closed) {
        await handle.close();
        return null;
      }
      this.#handle = handle;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw unreadable(file, error);
      if (this.#start.position > 0)
        throw changed(`the file ${file} is gone; ${this.#start.position} bytes of it were read`);
      this.#context?.stage(`waiting for ${file}`);
      return null;
    }
    const { ino, size } = await this.#handle.stat({ bigint: true });
    this.#inode = String(ino);
    const { inode, position } = this.#start;
    if (inode !== null && inode !== this.#inode) throw changed(`${file} is another file than the one that was read`);
    if (size < position) throw changed(`${file} has ${size} bytes; ${position} of them were read`);
    this.#context?.stage(`reading ${file}`);
    return this.#handle;
  }

  /** At the end of the file: is it still the file of that name, and as long as what was read? */
  async #compare(env: Env, handle: FileHandle, read: number): Promise<void> {
    const { file } = this.#options;
    const { size } = await handle.stat();
    if (size < read) throw changed(`${file} was cut to ${size} bytes; ${read} were read`);
    if (size > read) return;
    const named = await env.files.stat(file).catch(() => null);
    if (named !== null && String(named.ino) !== this.#inode) {
      const unread = this.#rest.length === 0 ? '' : `; its last ${this.#rest.length} bytes were no whole line`;
      throw changed(`${file} was replaced by another file${unread}`);
    }
  }

  #standing(position: number): { toOffset(): JsonObject } {
    const inode = this.#inode;
    return { toOffset: () => ({ position, inode }) };
  }

  #reject(raw: Uint8Array, at: number): RejectedSource {
    const error = notText(`the line at byte ${at} of ${this.#options.file}`);
    return { raw, source: { partition: this.#partition, offset: this.#standing(at).toOffset() }, error };
  }

  #refuseLongLine(length: number): void {
    const most = this.#options['millrace.line.max.bytes'];
    if (length <= most) return;
    const message = `the line at byte ${this.#position} of ${this.#options.file} is longer than ${most} bytes`;
    throw new MillraceError('FILESTREAM_LINE_TOO_LONG', message, {
      kind: 'data',
      key: 'millrace.line.max.bytes',
      remedy: 'Raise millrace.line.max.bytes.',
    });
  }
}

function notText(which: string): MillraceError {
  return new MillraceError('FILESTREAM_LINE_NOT_UTF8', `${which} is not UTF-8`, {
    kind: 'data',
    key: 'millrace.line.charset',
    remedy: 'Set millrace.line.charset=ISO-8859-1 where the file is written so, or mend the line.',
  });
}

function changed(what: string): MillraceError {
  return new MillraceError('FILESTREAM_FILE_CHANGED', `${what}: where to read on is in doubt`, {
    kind: 'position',
    remedy:
      'Put the file back, or stop the connector and set its offset: {"position": 0} reads the file of that name from its start.',
  });
}

function unreadable(file: string, error: unknown): MillraceError {
  const isDenied = ['EACCES', 'EPERM'].includes(errnoOf(error) ?? '');
  return new MillraceError('FILESTREAM_UNREADABLE', `opening ${file}: ${String(error)}`, {
    kind: isDenied ? 'permission' : 'config',
    key: 'file',
    remedy: isDenied ? `Let the worker read ${file}.` : 'Set file to one that can be read.',
    cause: error,
  });
}
