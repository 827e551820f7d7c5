import type { SinkRecord, SinkRejection } from '../../runtime/connector/sink.ts';
import type { Env } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import type { ArchiveSettings } from './archive-settings.ts';
import { compareFacts } from './conflict.ts';
import { OpenFile } from './open-file.ts';
import { objectName } from './partition/naming.ts';
import { isDue, nextSchedule, rotateAfter, rotateBefore } from './partition/rotation.ts';
import { dataError, nullValue } from './record-errors.ts';
import { Span } from './span.ts';
import type { ObjectStore } from './store/object-store.ts';

/** A span that another writer read whole is in the topic: reading it again does not wait for new records. */
const STALLED_MS = 60_000;

/** What the archive of a partition asks of its reader. */
interface ArchiveProgress {
  readonly rejected: readonly SinkRejection[];
  /** Read on from here instead: the records since are to be written again. */
  readonly seek: bigint | null;
}

/**
 * The files of one topic partition.
 *
 * A *span* is what was read since the last rotation: one or more open files, all closed at the same
 * offset. A span's end is decided by whoever completes the object of the span's first record: its
 * name depends on the span's start alone, and an object is never replaced. A writer that finds the
 * object there with another end (a changed flush size, a schedule, a zombie) reads the span again
 * and closes it at that end; what it wrote must then have the same checksum, or it stops
 * (`S3_OBJECT_CONFLICT`). So the archive has each record once, and the durable position moves over
 * whole spans only (I2, I5): everything before it is in completed objects, nothing after it is.
 */
export class PartitionArchive {
  readonly partition: TopicPartition;
  readonly #settings: ArchiveSettings;
  readonly #store: ObjectStore;
  readonly #env: Pick<Env, 'crash'>;
  #next: bigint;
  #span: Span | null = null;
  /** End of the span being read again. */
  #adopted: bigint | null = null;
  #ignored = 0;
  #closedFiles = 0;
  #stalledAt: bigint | null = null;
  #stalledSinceMs = 0;

  constructor(
    partition: TopicPartition,
    next: bigint,
    settings: ArchiveSettings,
    store: ObjectStore,
    env: Pick<Env, 'crash'>,
  ) {
    this.partition = partition;
    this.#next = next;
    this.#settings = settings;
    this.#store = store;
    this.#env = env;
  }

  /** Everything before this offset is in completed objects: the start of what is open (I2). */
  get durable(): bigint {
    return this.#span?.startOffset ?? this.#next;
  }

  /** The end another writer gave to the span that is read again; null: none. */
  get adopted(): bigint | null {
    return this.#adopted;
  }

  get openFiles(): number {
    return this.#span?.files.size ?? 0;
  }

  /** Files finished, those found finished included. */
  get closedFiles(): number {
    return this.#closedFiles;
  }

  get ignored(): number {
    return this.#ignored;
  }

  get bufferedBytes(): number {
    return this.#span?.bufferedBytes ?? 0;
  }

  /** Records in offset order; those before the place it stands at are skipped. */
  async write(records: readonly SinkRecord[], nowMs: number, signal: AbortSignal): Promise<ArchiveProgress> {
    const rejected: SinkRejection[] = [];
    for (const record of records) {
      if (record.offset < this.#next) continue;
      const taken = this.#takeAtOnce(record, nowMs);
      if (taken && !this.#isFull()) continue;
      const seek = taken ? await this.#close(this.#next, signal) : await this.#take(record, nowMs, rejected, signal);
      if (seek !== null) return { rejected, seek };
    }
    return { rejected, seek: null };
  }

  /** Closes what the schedule says is due; stops where a span being read again does not go on. */
  async tick(nowMs: number, monotonicMs: number, signal: AbortSignal): Promise<bigint | null> {
    const span = this.#span;
    if (this.#adopted !== null) this.#checkProgress(monotonicMs, this.#adopted);
    else if (span !== null && isDue(span, nowMs)) return this.#close(this.#next, signal);
    return null;
  }

  #checkProgress(monotonicMs: number, end: bigint): void {
    if (this.#stalledAt !== this.#next) {
      this.#stalledAt = this.#next;
      this.#stalledSinceMs = monotonicMs;
    } else if (monotonicMs - this.#stalledSinceMs > STALLED_MS) {
      throw this.#differs(`an object holds records up to offset ${end - 1n}, but the topic ends at ${this.#next}`);
    }
  }

  /** Sends parts early, to free memory. */
  async relieve(signal: AbortSignal): Promise<void> {
    for (const file of this.#span?.files.values() ?? []) await file.drain(true, signal);
  }

  /** Closes everything open now; an end that a replay may not choose again, so it is adopted then. */
  async rotate(signal: AbortSignal): Promise<bigint | null> {
    return this.#span === null || this.#adopted !== null ? null : this.#close(this.#next, signal);
  }

  /** Forgets what is open; nothing of it appears in the store. Reading goes on from `durable`. */
  async abandon(): Promise<void> {
    const span = this.#span;
    this.#next = this.durable;
    this.#span = null;
    await span?.abort();
  }

  /** The common case, without a wait: an open file takes the record and nothing is to be closed or sent. */
  #takeAtOnce(record: SinkRecord, nowMs: number): boolean {
    const span = this.#span;
    if (span === null || this.#adopted !== null || record.tombstone) return false;
    const { partitioner, recordTime, rules } = this.#settings;
    try {
      const timestampMs = recordTime(record, nowMs);
      const encodedPartition = partitioner.encode(record.partition, timestampMs);
      const file = span.files.get(fileKey(record, encodedPartition));
      if (file === undefined || file.wantsDrain || !file.fits(record)) return false;
      const arriving = { timestampMs, encodedPartition, opensFile: false, schemaChanged: false };
      if (rotateBefore(span, arriving, rules, nowMs) !== null) return false;
      span.took(encodedPartition, file.append(record));
    } catch {
      // It fails again where failures are dealt with.
      return false;
    }
    this.#next = record.offset + 1n;
    return true;
  }

  async #take(
    record: SinkRecord,
    nowMs: number,
    rejected: SinkRejection[],
    signal: AbortSignal,
  ): Promise<bigint | null> {
    if (this.#adopted !== null && record.offset >= this.#adopted) {
      const seek = await this.#close(this.#adopted, signal);
      if (seek !== null) return seek;
    }
    const placed = this.#place(record, nowMs, rejected);
    if (placed === null) {
      this.#next = record.offset + 1n;
    } else {
      const seek = await this.#write(record, placed, nowMs, rejected, signal);
      if (seek !== null) return seek;
    }
    if (this.#adopted === null) return this.#isFull() ? this.#close(this.#next, signal) : null;
    return this.#next >= this.#adopted ? this.#close(this.#adopted, signal) : null;
  }

  #isFull(): boolean {
    return this.#span !== null && rotateAfter(this.#span, this.#settings.rules) !== null;
  }

  /** Where a record goes; null: nowhere, it was rejected or is to be ignored. */
  #place(record: SinkRecord, nowMs: number, rejected: SinkRejection[]): { folder: string; timeMs: number } | null {
    const { nullValues, tombstonePartition, partitioner, recordTime } = this.#settings;
    if (record.tombstone && nullValues !== 'write') {
      if (nullValues === 'fail') rejected.push({ record, error: nullValue(record) });
      else this.#ignored++;
      return null;
    }
    try {
      const timeMs = recordTime(record, nowMs);
      const folder = record.tombstone ? tombstonePartition : null;
      return { folder: folder ?? partitioner.encode(record.partition, timeMs), timeMs };
    } catch (error) {
      rejected.push({ record, error: dataError(error) });
      return null;
    }
  }

  async #write(
    record: SinkRecord,
    { folder, timeMs }: { readonly folder: string; readonly timeMs: number },
    nowMs: number,
    rejected: SinkRejection[],
    signal: AbortSignal,
  ): Promise<bigint | null> {
    try {
      const seek = await this.#makeRoom(record, folder, timeMs, nowMs, signal);
      if (seek !== null) return seek;
      await this.#append(record, folder, timeMs, nowMs);
    } catch (error) {
      rejected.push({ record, error: dataError(error) });
    }
    this.#next = record.offset + 1n;
    const file = this.#span?.files.get(fileKey(record, folder));
    if (file?.wantsDrain === true) await file.drain(false, signal);
    return null;
  }

  /** Rotates where the record may not join what is open. */
  async #makeRoom(
    record: SinkRecord,
    folder: string,
    timestampMs: number,
    nowMs: number,
    signal: AbortSignal,
  ): Promise<bigint | null> {
    const span = this.#span;
    if (span === null) return null;
    const file = span.files.get(fileKey(record, folder));
    const schemaChanged = file !== undefined && !file.fits(record);
    if (this.#adopted !== null) {
      if (schemaChanged) throw this.#differs('the schema changes before its end');
      return null;
    }
    const arriving = { timestampMs, encodedPartition: folder, opensFile: file === undefined, schemaChanged };
    const reason = rotateBefore(span, arriving, this.#settings.rules, nowMs);
    return reason === null ? null : this.#close(this.#next, signal);
  }

  async #append(record: SinkRecord, folder: string, timestampMs: number, nowMs: number): Promise<void> {
    const span = this.#span ?? this.#openSpan(record.offset, folder, timestampMs, nowMs);
    const key = fileKey(record, folder);
    const open = span.files.get(key);
    const file = open ?? this.#openFile(record, folder);
    try {
      span.took(folder, file.append(record));
    } catch (error) {
      if (open === undefined) await file.abort();
      throw error;
    }
    if (open === undefined) span.files.set(key, file);
    this.#span = span;
  }

  #openSpan(startOffset: bigint, encodedPartition: string, baseTimestampMs: number, nowMs: number): Span {
    const { scheduleMs } = this.#settings.rules;
    const dueAtMs = scheduleMs === null ? null : nextSchedule(nowMs, scheduleMs, this.#settings.zone);
    return new Span(startOffset, encodedPartition, baseTimestampMs, dueAtMs);
  }

  #openFile({ topic, destination = topic, offset: firstOffset }: SinkRecord, encodedPartition: string): OpenFile {
    const { naming, companions } = this.#settings;
    const of = { ...this.partition, destination, encodedPartition, firstOffset };
    const names = companions.map((companion) => {
      const extension = `${companion.suffix}${companion.format.extension}`;
      return { companion, name: objectName(naming, { ...of, extension }) };
    });
    return new OpenFile(this.#store, firstOffset, names);
  }

  /**
   * Completes all open files at one end. The file of the span's first record comes first and alone:
   * it decides. Returns where to read on if the span must be read again.
   */
  async #close(endOffset: bigint, signal: AbortSignal): Promise<bigint | null> {
    const span = this.#span;
    if (span === null && this.#adopted !== null) {
      throw this.#differs(`the topic has no records before offset ${endOffset} any more to compare with an object`);
    }
    if (span !== null) {
      this.#env.crash?.('s3.before_complete');
      const [first, ...others] = span.files.values();
      const decided = first === undefined ? [] : await first.complete(endOffset, signal);
      const adopted = this.#decide(decided.map(compareFacts), endOffset);
      if (adopted !== null) return this.#readAgain(adopted);
      this.#env.crash?.('s3.after_first_object');
      const completed = await Promise.all(others.map((file) => file.complete(endOffset, signal)));
      for (const verdict of completed.flat().map(compareFacts)) {
        if (verdict.kind !== 'ours') throw this.#differs(`${verdict.name} ${verdict.problem}`);
      }
    }
    this.#env.crash?.('s3.after_close');
    this.#closedFiles += span?.files.size ?? 0;
    this.#span = null;
    this.#adopted = null;
    if (endOffset > this.#next) this.#next = endOffset;
    return null;
  }

  /** The end that another writer gave this span, where it is not ours. */
  #decide(verdicts: readonly ReturnType<typeof compareFacts>[], endOffset: bigint): bigint | null {
    for (const verdict of verdicts) {
      if (verdict.kind === 'ours') continue;
      const again = this.#adopted !== null || verdict.kind === 'foreign' || verdict.endOffset === endOffset;
      if (again) throw this.#differs(`${verdict.name} ${verdict.problem}`);
      return verdict.endOffset;
    }
    return null;
  }

  async #readAgain(end: bigint): Promise<bigint> {
    await this.abandon();
    this.#adopted = end;
    this.#stalledAt = null;
    return this.#next;
  }

  #differs(what: string): MillraceError {
    const where = topicPartitionName(this.partition);
    return new MillraceError('S3_OBJECT_CONFLICT', `${where} from offset ${this.durable}: ${what}`, {
      kind: 'conflict',
      key: 'topics.dir',
      remedy:
        'The objects there hold other records than the topic has at these offsets: the topic was created anew, moved ' +
        'or compacted, another connector writes to the same place, or what stands under .millrace was removed. ' +
        'Give this connector a topics.dir of its own, or remove those objects.',
    });
  }
}

/** The folder of a record below `topics.dir`: that of its partition, of the topic that transforms gave it. */
function fileKey({ topic, destination }: SinkRecord, encodedPartition: string): string {
  return destination === undefined || destination === topic ? encodedPartition : `${destination}\0${encodedPartition}`;
}
