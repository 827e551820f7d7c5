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
import type { TaskContext } from '../../runtime/connector/context.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import { asError } from '../../runtime/record/thrown.ts';
import { heldOf, journalPath, sameHeld, type Held } from './journal.ts';
import { lineOf } from './line-of.ts';
import type { FileStreamSinkOptions } from './options.ts';
import { SinkFile } from './sink-file.ts';

const LINE_FEED = Buffer.from('\n');

/**
 * Appends values to a file and calls them durable once it is synced. A crash before the commit, or a
 * rewind, brings records again: they are written again, or in exactly-once skipped up to the last line
 * that the journal knows. What was skipped counts as durable only when the record of that line is known
 * to be the very one that was written: offsets of a topic that was made anew mean other records (I5).
 *
 * A partition is read on from the group's offset, whatever the journal knows of it. A journal that is
 * ahead says what to skip; one that is behind, or knows nothing, is of records that made no line or
 * that an operator passes over: the group's offset is committed after the journal only.
 */
export class FileStreamSinkTask implements SinkTask {
  readonly #options: FileStreamSinkOptions;
  #file: SinkFile | null = null;
  #context: TaskContext | null = null;
  /** The record of the last line, by partition. */
  readonly #held = new Map<string, Held>();
  /** Partitions whose replay has not reached that record yet. */
  readonly #replayed = new Set<string>();
  readonly #unflushed = new Map<string, bigint>();

  constructor(options: FileStreamSinkOptions) {
    this.#options = options;
  }

  async open({ env, context }: SinkTaskStart): Promise<void> {
    const { file, 'millrace.file.exactly.once': once } = this.#options;
    this.#file = await SinkFile.open(env, file, once);
    this.#context = context;
    for (const [name, held] of this.#file.held) this.#held.set(name, held);
    const { cutBytes } = this.#file;
    if (cutBytes > 0) context.log.info('cut off what no journal calls durable', { file, bytes: cutBytes });
    context.stage(`appending to ${file}`);
  }

  assign(added: readonly Assigned[]): Promise<void> {
    for (const { partition, offset } of added) {
      const name = topicPartitionName(partition);
      const held = this.#held.get(name);
      if (!this.#options['millrace.file.exactly.once'] || held === undefined || offset >= held.next) continue;
      this.#replayed.add(name);
      const log = { partition: name, from: String(offset), up_to: String(held.next - 1n) };
      this.#context?.log.info('skipping records that the file holds', log);
    }
    this.#tellReplay();
    return Promise.resolve();
  }

  async revoke(removed: readonly TopicPartition[], { lost }: { readonly lost: boolean }): Promise<Offsets> {
    const names = new Set(removed.map(topicPartitionName));
    const { durable } = lost ? { durable: new Map<string, bigint>() } : await this.flush();
    for (const name of names) {
      this.#unflushed.delete(name);
      this.#replayed.delete(name);
    }
    this.#tellReplay();
    return durable;
  }

  async write(batch: readonly SinkRecord[]): Promise<SinkResult> {
    const lines: Uint8Array[] = [];
    const rejected: SinkRejection[] = [];
    const seen = new Map<string, bigint>();
    const written = new Map<string, SinkRecord>();
    for (const record of batch) {
      const name = topicPartitionName(record);
      if (this.#replayed.has(name) && this.#skips(name, record)) continue;
      try {
        lines.push(lineOf(record), LINE_FEED);
        written.set(name, record);
      } catch (error) {
        rejected.push({ record, error: asError(error) });
      }
      seen.set(name, record.offset + 1n);
    }
    if (lines.length > 0) await this.#opened().append(Buffer.concat(lines));
    // A record that made no line may be a dead letter when it would come again: it marks no place.
    for (const [name, record] of written) this.#held.set(name, heldOf(record));
    for (const [name, next] of seen) this.#unflushed.set(name, next);
    return { durable: new Map(), ...(rejected.length === 0 ? {} : { rejected }) };
  }

  /** Appends their lines; what a crash brings again is known by the journal, so only with it nothing is written twice. */
  async redrive(batch: readonly RedrivenRecord[]): Promise<{ readonly rejected: readonly SinkRejection[] }> {
    const file = this.#opened();
    const rejected: SinkRejection[] = [];
    const lines: Uint8Array[] = [];
    const ids = new Set<string>();
    for (const { record, id } of batch) {
      try {
        const line = lineOf(record);
        if (!file.hasRedriven(id)) lines.push(line, LINE_FEED);
        ids.add(id);
      } catch (error) {
        rejected.push({ record, error: asError(error) });
      }
    }
    if (lines.length > 0) await file.appendRedriven(Buffer.concat(lines), [...ids], this.#held);
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
    if (record.offset >= held.next) throw this.#foreign(name, held.next, 'does not come any more');
    if (!sameHeld(heldOf(record), held)) throw this.#foreign(name, held.next, 'is another one');
    this.#replayed.delete(name);
    this.#tellReplay();
    this.#unflushed.set(name, held.next);
    return true;
  }

  /** Says that records are passed over: a rewind does not bring them into the file again (I5). */
  #tellReplay(): void {
    const { file } = this.#options;
    const replays = [...this.#replayed].map(
      (name) => `${name} up to offset ${(this.#held.get(name)?.next ?? 1n) - 1n}`,
    );
    const text = `skipping records that ${file} holds: ${replays.slice(0, 3).join(', ')}. To write them again, stop the connector and remove ${journalPath(file)}`;
    this.#context?.warning('FILESTREAM_REPLAY', replays.length === 0 ? null : text);
  }

  #opened(): SinkFile {
    if (this.#file === null) throw new Error('the file is not open');
    return this.#file;
  }

  #foreign(name: string, next: bigint, how: string): MillraceError {
    const { file } = this.#options;
    return new MillraceError(
      'FILESTREAM_TOPIC_CHANGED',
      `${file} holds ${name} up to offset ${next - 1n}, but the record at that offset ${how}: was the topic made anew or compacted, or are its records filtered otherwise?`,
      {
        kind: 'position',
        key: 'file',
        remedy: `Choose another file. Or stop the connector and remove ${journalPath(file)}: all records from its offset on are then appended; or set its offset of ${name} to ${next}: those before are left out.`,
      },
    );
  }
}
