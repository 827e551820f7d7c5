import type { SinkRecord } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { Companion } from './archive-settings.ts';
import { compareFacts, type CompletedObject } from './conflict.ts';
import { Compressor } from './format/compress.ts';
import type { FileEncoder } from './format/file-encoder.ts';
import {
  recordsCrc,
  type Completion,
  type ObjectFacts,
  type ObjectStore,
  type ObjectUpload,
} from './store/object-store.ts';

/** Bytes an open file may gather between two drains. */
const DRAIN_BYTES = 1_048_576;

/** One object being written: encoder → compressor → upload. */
class Output {
  readonly name: string;
  readonly encoder: FileEncoder;
  readonly #compressor: Compressor;
  readonly #upload: ObjectUpload;

  constructor(store: ObjectStore, name: string, { format }: Companion) {
    this.name = name;
    this.#upload = store.create(name);
    this.#compressor = new Compressor(format.compression, (chunk) => this.#upload.add(chunk));
    this.encoder = format.encoder((chunk) => this.#compressor.add(chunk));
  }

  get bufferedBytes(): number {
    return this.encoder.bufferedBytes + this.#compressor.bufferedBytes + this.#upload.bufferedBytes;
  }

  async drain(early: boolean, signal: AbortSignal): Promise<void> {
    if (early) this.encoder.relieve?.();
    await this.#compressor.drain();
    await this.#upload.drain(early, signal);
  }

  async complete(facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    this.encoder.finish();
    await this.#compressor.end();
    return this.#upload.complete(facts, signal);
  }

  async abort(): Promise<void> {
    this.#compressor.destroy();
    await this.#upload.abort();
  }
}

/** The open file of a topic partition and a folder, with its parallel files. */
export class OpenFile {
  readonly firstOffset: bigint;
  readonly #outputs: readonly Output[];
  #lastOffset: bigint;
  #records = 0;
  #drainAt = DRAIN_BYTES;
  #crc = 0;

  constructor(store: ObjectStore, firstOffset: bigint, names: readonly { name: string; companion: Companion }[]) {
    this.firstOffset = firstOffset;
    this.#lastOffset = firstOffset;
    this.#outputs = names.map(({ name, companion }) => new Output(store, name, companion));
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const output of this.#outputs) bytes += output.bufferedBytes;
    return bytes;
  }

  /** Much was gathered since the last drain. */
  get wantsDrain(): boolean {
    return this.bufferedBytes >= this.#drainAt;
  }

  get records(): number {
    return this.#records;
  }

  fits(record: SinkRecord): boolean {
    return this.#outputs.every((output) => output.encoder.fits(record));
  }

  /** Returns the bytes of key and value. Throws a `data` error, and holds nothing of the record, where the first object cannot take it. */
  append(record: SinkRecord): number {
    const { rawKey, rawValue } = record;
    const [main, ...others] = this.#outputs;
    main?.encoder.append(record);
    for (const output of others) {
      try {
        output.encoder.append(record);
      } catch (error) {
        // The main file has the record already; the parallel ones would be a line short.
        throw new MillraceError('S3_PARALLEL_FILE_FAILED', `${output.name}: ${(error as Error).message}`, {
          kind: 'corrupt',
          key: 'store.kafka.keys',
          remedy: 'Use millrace.envelope=true instead of parallel files, or correct key.converter.',
          cause: error,
        });
      }
    }
    this.#records++;
    this.#lastOffset = record.offset;
    this.#crc = recordsCrc(this.#crc, record.offset, rawKey, rawValue);
    return (rawKey?.length ?? 0) + (rawValue?.length ?? 0);
  }

  async drain(early: boolean, signal: AbortSignal): Promise<void> {
    for (const output of this.#outputs) await output.drain(early, signal);
    this.#drainAt = this.bufferedBytes + DRAIN_BYTES;
  }

  /** Completes its objects in order; stops at the first that another writer closed elsewhere. */
  async complete(endOffset: bigint, signal: AbortSignal): Promise<readonly CompletedObject[]> {
    const facts: ObjectFacts = {
      firstOffset: this.firstOffset,
      lastOffset: this.#lastOffset,
      endOffset,
      records: this.#records,
      crc: this.#crc,
    };
    const done: CompletedObject[] = [];
    for (const output of this.#outputs) {
      const object = { name: output.name, facts, completion: await output.complete(facts, signal) };
      done.push(object);
      if (compareFacts(object).kind !== 'ours') break;
    }
    return done;
  }

  async abort(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.abort()));
  }
}
