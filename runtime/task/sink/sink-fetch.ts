import type { FetchedBatch, HubReader } from '../../hub/port.ts';
import { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { TopicPartition } from '../../record/record.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import type { GrowthGate } from './growth-gate.ts';
import type { RecordDecoder } from './record-decoder.ts';
import { HubSinkRecord } from './sink-record.ts';
import type { SinkPositions } from './sink-positions.ts';

type Standing = SinkPositions['next'][number];

/**
 * Given to the task at a time, as far as batches can be divided. What a task makes of so many records is dropped while
 * it is young: with 4 MiB a third of the CPU of a sink that decodes values went into moving it to the old generation.
 */
const MAX_DECODED_BYTES = 256 * 1024;

/**
 * Reads ahead by one fetch while the task writes the one before: two fetches in memory at most, as the
 * hub holds them, of `fetchBytes` at most, and of the first little decompressed at a time (I7).
 * {@link restart} drops what was read ahead, after every change of what is to be read next.
 */
export class SinkFetch {
  readonly #reader: HubReader;
  readonly #positions: SinkPositions;
  readonly #decoder: RecordDecoder;
  readonly #catalog: SchemaCatalog;
  readonly #fetchBytes: number;
  readonly #decodedBytes: number;
  readonly #gate: GrowthGate | null;
  /** Fetched, and not decompressed yet. */
  #held: readonly FetchedBatch[] = [];
  #ends: readonly Standing[] = [];
  #pending: Promise<readonly FetchedBatch[]> | null = null;
  #interrupt = new AbortController();
  #queuedBytes = 0;
  /** Whether the last fetch was not half full: then there was no more to read. */
  cameToEnd = true;

  constructor(
    reader: HubReader,
    positions: SinkPositions,
    decoder: RecordDecoder,
    catalog: SchemaCatalog,
    fetchBytes: number,
    gate: GrowthGate | null,
  ) {
    this.#gate = gate;
    this.#fetchBytes = fetchBytes;
    this.#decodedBytes = Math.min(fetchBytes, MAX_DECODED_BYTES);
    this.#reader = reader;
    this.#positions = positions;
    this.#decoder = decoder;
    this.#catalog = catalog;
  }

  /** Read ahead and not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether the next records are here already. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /**
   * Where the last fetch ended, once all of its records were taken: offsets before without a record (the end of
   * a transaction, an aborted one) have none to come. Told once; none while something of it is held.
   */
  ends(): readonly Standing[] {
    if (this.#held.length > 0) return [];
    const ends = this.#ends;
    this.#ends = [];
    return ends;
  }

  /** Reads on from the positions. */
  async restart(): Promise<void> {
    await this.#dropAhead();
    this.#reader.assign(this.#positions.next);
    this.#holdBack();
  }

  /** What has come to a growth that others have not passed yet is not read on. */
  #holdBack(): void {
    if (this.#gate?.isShut !== true) return;
    const ahead = this.#positions.next.filter((of) => {
      const limit = this.#limit(of);
      return limit !== null && this.#reader.position(of.topic, of.partition) >= limit;
    });
    this.#reader.pause(ahead);
  }

  /**
   * The next records, in offset order per partition; none after `waitMs` without any, or when
   * `signal` aborts: then nothing is lost, the next call returns them.
   */
  async next(waitMs: number, signal: AbortSignal): Promise<readonly HubSinkRecord[]> {
    if (this.#held.length > 0) return this.#records();
    const pending = (this.#pending ??= this.#read(waitMs));
    const batches = await unlessAborted(pending, signal);
    this.cameToEnd = batches === null || bytesOf(batches) < this.#fetchBytes / 2;
    if (batches === null) return [];
    await this.#gate?.seen(batches.map(({ topic }) => topic));
    this.#pending = null;
    this.#queuedBytes = 0;
    this.#held = batches;
    // Nothing is being read now: the reader stands where these batches end.
    this.#ends = this.#positions.next.map((of) => ({ ...of, offset: this.#upTo(of) }));
    this.#holdBack();
    if (batches.length > 0) this.ahead(waitMs);
    return this.#records();
  }

  #limit(of: TopicPartition): bigint | null {
    return this.#gate?.limit(of) ?? null;
  }

  /** Where the reader stands, as far as a growth lets anything pass. */
  #upTo(of: TopicPartition): bigint {
    const position = this.#reader.position(of.topic, of.partition);
    const limit = this.#limit(of);
    return limit !== null && position > limit ? limit : position;
  }

  /** Starts reading what comes next. */
  ahead(waitMs: number): void {
    this.#pending ??= this.#read(waitMs);
  }

  async close(): Promise<void> {
    await this.#dropAhead();
    await this.#reader.close();
  }

  #read(waitMs: number): Promise<readonly FetchedBatch[]> {
    const pending = this.#reader.read(waitMs, this.#interrupt.signal);
    // Its failure is reported to who waits for it, which may be later.
    pending.then(
      (batches) => this.#fetched(batches),
      () => undefined,
    );
    return pending;
  }

  #fetched(batches: readonly FetchedBatch[]): void {
    this.#queuedBytes = bytesOf(batches);
  }

  async #dropAhead(): Promise<void> {
    const pending = this.#pending;
    this.#held = [];
    this.#ends = [];
    if (pending === null) return;
    this.#pending = null;
    this.#queuedBytes = 0;
    this.#interrupt.abort(new Error('what is read next has changed'));
    await pending.then(
      () => undefined,
      () => undefined,
    );
    this.#interrupt = new AbortController();
  }

  /** What is held, as far as it may be decompressed now. */
  async #records(): Promise<readonly HubSinkRecord[]> {
    const records: HubSinkRecord[] = [];
    let taken = 0;
    let decoded = 0;
    for (const { topic, partition, bytes } of this.#held) {
      if (decoded >= this.#decodedBytes) break;
      taken++;
      const from = this.#positions.nextOf({ topic, partition });
      if (from === null) continue;
      const cursor = new RecordCursor(bytes);
      decoded += cursor.bytes.length;
      const limit = this.#limit({ topic, partition });
      while (cursor.next()) {
        if (cursor.offset < from) continue;
        // I4: it comes again when the gate is open; {@link restart} reads it anew.
        if (limit !== null && cursor.offset >= limit) break;
        if (this.#decoder.isMissingSchema(cursor)) await this.#catalog.load();
        records.push(new HubSinkRecord(topic, partition, cursor, this.#decoder));
      }
    }
    this.#held = this.#held.slice(taken);
    return records;
  }
}

function bytesOf(batches: readonly FetchedBatch[]): number {
  return batches.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** The promise's value; null if the signal aborts first. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return Promise.resolve(null);
  const aborted = Promise.withResolvers<null>();
  const abort = (): void => aborted.resolve(null);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([promise, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}
