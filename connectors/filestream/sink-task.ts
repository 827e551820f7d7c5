import type {
  Assigned,
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
  SinkTaskStart,
} from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import { heldOf, journalPath, sameHeld, type Held } from './journal.ts';
import { lineOf } from './line-of.ts';
import type { FileStreamSinkOptions } from './options.ts';
import { SinkFile } from './sink-file.ts';

const LINE_FEED = Buffer.from('\n');

/**
 * Appends values to a file and calls them durable once it is synced. A crash before the commit brings
 * records again: they are written again, or in exactly-once skipped up to what the journal says. What
 * was skipped counts as durable only when the last record of it is known to be the very one that
 * was written: offsets of a topic that was made anew mean other records (I5).
 */
export class FileStreamSinkTask implements SinkTask {
  readonly #options: FileStreamSinkOptions;
  #file: SinkFile | null = null;
  /** Last record written, by partition. */
  readonly #held = new Map<string, Held>();
  /** Partitions whose replay has not reached the last record yet. */
  readonly #replayed = new Set<string>();
  readonly #unflushed = new Map<string, bigint>();

  constructor(options: FileStreamSinkOptions) {
    this.#options = options;
  }

  async open({ env, context }: SinkTaskStart): Promise<void> {
    const { file, 'millrace.file.exactly.once': once } = this.#options;
    this.#file = await SinkFile.open(env, file, once);
    for (const [name, held] of this.#file.held) this.#held.set(name, held);
    context.stage(`appending to ${file}`);
  }

  assign(added: readonly Assigned[]): Promise<void> {
    for (const { partition, offset } of added) {
      const name = topicPartitionName(partition);
      const held = this.#held.get(name);
      if (this.#options['millrace.file.exactly.once'] && held !== undefined && offset < held.next)
        this.#replayed.add(name);
    }
    return Promise.resolve();
  }

  async revoke(removed: readonly TopicPartition[], { lost }: { readonly lost: boolean }): Promise<Offsets> {
    const names = new Set(removed.map(topicPartitionName));
    const { durable } = lost ? { durable: new Map<string, bigint>() } : await this.flush();
    for (const name of names) {
      this.#unflushed.delete(name);
      this.#replayed.delete(name);
    }
    return durable;
  }

  async write(batch: readonly SinkRecord[]): Promise<SinkResult> {
    const lines: Uint8Array[] = [];
    const rejected: SinkRejection[] = [];
    const seen = new Map<string, SinkRecord>();
    for (const record of batch) {
      const name = topicPartitionName(record);
      if (this.#replayed.has(name) && this.#skips(name, record)) continue;
      try {
        lines.push(lineOf(record), LINE_FEED);
      } catch (error) {
        rejected.push({ record, error: error instanceof Error ? error : new Error(String(error)) });
      }
      seen.set(name, record);
    }
    if (lines.length > 0) await this.#opened().append(Buffer.concat(lines));
    for (const [name, record] of seen) {
      this.#held.set(name, heldOf(record));
      this.#unflushed.set(name, record.offset + 1n);
    }
    return { durable: new Map(), ...(rejected.length === 0 ? {} : { rejected }) };
  }

  /** Appends their lines; what a crash brings again is known by the journal, so only with it nothing is written twice. */
  async redrive(batch: readonly RedrivenRecord[]): Promise<{ readonly rejected: readonly SinkRejection[] }> {
    const file = this.#opened();
    const rejected: SinkRejection[] = [];
    const lines: Uint8Array[] = [];
    for (const { record, id } of batch) {
      try {
        const line = lineOf(record);
        if (!file.hasRedriven(id)) lines.push(line, LINE_FEED);
      } catch (error) {
        rejected.push({ record, error: error instanceof Error ? error : new Error(String(error)) });
      }
    }
    const ids = [...new Set(batch.map(({ id }) => id))];
    if (lines.length > 0) await file.appendRedriven(Buffer.concat(lines), ids, this.#held);
    return { rejected };
  }

  async flush(): Promise<SinkResult & { durable: Map<string, bigint> }> {
    if (this.#unflushed.size > 0) await this.#opened().sync(this.#held);
    const durable = new Map(this.#unflushed);
    this.#unflushed.clear();
    return { durable };
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** Whether the file holds the record; ends the replay with the last one. */
  #skips(name: string, record: SinkRecord): boolean {
    const held = this.#held.get(name);
    if (held === undefined || record.offset + 1n < held.next) return held !== undefined;
    this.#replayed.delete(name);
    if (!sameHeld(heldOf(record), held)) throw this.#foreign(name, held.next);
    this.#unflushed.set(name, held.next);
    return true;
  }

  #opened(): SinkFile {
    if (this.#file === null) throw new Error('the file is not open');
    return this.#file;
  }

  #foreign(name: string, next: bigint): MillraceError {
    const { file } = this.#options;
    return new MillraceError(
      'FILESTREAM_TOPIC_CHANGED',
      `${file} holds ${name} up to offset ${next}, but the record before it is another one: the topic was made anew`,
      {
        kind: 'position',
        remedy: `Choose another file, or remove ${journalPath(file)}: all records of the topic are then appended.`,
      },
    );
  }
}
