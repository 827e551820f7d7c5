import { BatchBuilder } from '../../hub/batch/batch-builder.ts';
import type { HubProducer } from '../../hub/port.ts';
import type { BatchCompression } from '../task-settings.ts';

/** Builders kept with their memory when they are not in use. */
const IDLE_BUILDERS = 16;

/** Compressing less costs more than it saves. */
const COMPRESS_FROM_BYTES = 8192;

export interface SourceOutputOptions {
  readonly producer: HubProducer;
  readonly compression: BatchCompression;
  readonly batchBytes: number;
  /** All unsent records together: beyond it everything is sent, however small (I7). */
  readonly unsentBytes: number;
  /** Sends one finished batch, placed by this number of partitions; the calls are in order per topic partition (I4). */
  readonly send: (topic: string, partition: number, batch: Buffer, partitions: number) => void;
  /** Called at the first record of a topic, with all topics so far. */
  readonly opened?: (topics: Iterable<string>) => void;
}

/** A topic as the encoder sees it. */
export interface TopicOutput {
  readonly topic: string;
  readonly partitions: number;
  /** Per partition, the batch being filled. */
  readonly builders: (BatchBuilder | undefined)[];
  /** Where records without a key go; changes with each batch sent. */
  keyless: number;
}

/**
 * The batches being filled, one per topic partition. Builders are lent from a small pool, so memory
 * follows what is unsent, not the number of partitions ever seen.
 */
export class SourceOutput {
  readonly #options: SourceOutputOptions;
  readonly #topics = new Map<string, TopicOutput>();
  readonly #filling = new Set<TopicOutput>();
  readonly #idle: BatchBuilder[] = [];
  #unsentBytes = 0;

  constructor(options: SourceOutputOptions) {
    this.#options = options;
  }

  /** A topic opened before. */
  known(topic: string): TopicOutput | undefined {
    return this.#topics.get(topic);
  }

  /** Finds out the topic's partitions, creating it where the producer may. */
  async open(topic: string): Promise<TopicOutput> {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    const partitions = await this.#options.producer.partitions(topic);
    const output: TopicOutput = { topic, partitions, builders: [], keyless: 0 };
    this.#topics.set(topic, output);
    this.#options.opened?.(this.#topics.keys());
    return output;
  }

  /** The batch that the next record of the partition goes into. */
  builder(output: TopicOutput, partition: number): BatchBuilder {
    const builder = output.builders[partition];
    if (builder !== undefined) return builder;
    const fresh = this.#idle.pop() ?? this.#builder();
    output.builders[partition] = fresh;
    this.#filling.add(output);
    return fresh;
  }

  #builder(): BatchBuilder {
    const { compression, batchBytes } = this.#options;
    return new BatchBuilder({ compression, compressFromBytes: COMPRESS_FROM_BYTES, targetBytes: batchBytes });
  }

  /** To be called after each record: sends what is full. */
  added(output: TopicOutput, partition: number, builder: BatchBuilder, bytes: number): void {
    this.#unsentBytes += bytes;
    if (builder.full) this.#send(output, partition, builder);
    if (this.#unsentBytes > this.#options.unsentBytes) this.flush();
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Sends everything. */
  flush(): void {
    for (const output of this.#filling) {
      for (let partition = 0; partition < output.builders.length; partition++) {
        const builder = output.builders[partition];
        if (builder !== undefined) this.#send(output, partition, builder);
      }
    }
    this.#filling.clear();
    this.#unsentBytes = 0;
  }

  #send(output: TopicOutput, partition: number, builder: BatchBuilder): void {
    output.builders[partition] = undefined;
    output.keyless = (output.keyless + 1) % output.partitions;
    this.#unsentBytes = Math.max(0, this.#unsentBytes - builder.sizeBytes);
    const batch = builder.finish();
    if (this.#idle.length < IDLE_BUILDERS) this.#idle.push(builder);
    this.#options.send(output.topic, partition, batch, output.partitions);
  }
}
