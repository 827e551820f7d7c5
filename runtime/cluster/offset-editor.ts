import type { Connector } from '../connector/connector.ts';
import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import type { SourceOffset } from '../connector/source.ts';
import type { Env } from '../env/env.ts';
import type { GroupOffset } from '../hub/port.ts';
import { MillraceError } from '../record/error.ts';
import type { TopicPartition } from '../record/record.ts';
import { sinkGroup } from '../task/sink/sink-group.ts';
import type { ConnectorOffset, ConnectorOffsets } from './answers.ts';

/** Where offsets are kept. */
export interface OffsetAccess {
  readSource(connector: string, config: RawConfig, signal: AbortSignal): Promise<readonly SourceOffset[]>;
  /** null forgets a partition. */
  writeSource(connector: string, config: RawConfig, changes: readonly ConnectorOffset[]): Promise<void>;
  readGroup(group: string): Promise<readonly GroupOffset[]>;
  alterGroup(group: string, offsets: readonly (TopicPartition & { readonly offset: bigint | null })[]): Promise<void>;
  partitions(topic: string): Promise<number>;
}

const ALTERED = 'The offsets for this connector have been altered successfully';
const RESET = 'The offsets for this connector have been reset successfully';

/** Reads and edits offsets of connectors: source offsets by source partition, a sink's by its consumer group. */
export class ConnectorOffsetEditor {
  readonly #access: OffsetAccess;
  readonly #env: Env;
  readonly #log: Log;

  constructor({ offsets, env, log }: { readonly offsets: OffsetAccess; readonly env: Env; readonly log: Log }) {
    this.#access = offsets;
    this.#env = env;
    this.#log = log;
  }

  async read(
    name: string,
    connector: Connector,
    signal: AbortSignal,
    config: RawConfig = {},
  ): Promise<ConnectorOffsets> {
    if (connector.kind === 'source') return { offsets: await this.#access.readSource(name, config, signal) };
    const stored = await this.#access.readGroup(sinkGroup(name, config));
    const offsets = stored.map(({ topic, partition, offset }) => ({
      partition: { kafka_partition: partition, kafka_topic: topic },
      offset: { kafka_offset: Number(offset) },
    }));
    return { offsets };
  }

  /** What a sink has committed. */
  committed(name: string, config: RawConfig): Promise<readonly GroupOffset[]> {
    return this.#access.readGroup(sinkGroup(name, config));
  }

  /** `changes: null` resets all. The connector is stopped. */
  async alter(
    name: string,
    connector: Connector,
    config: RawConfig,
    changes: readonly ConnectorOffset[] | null,
    signal: AbortSignal,
  ): Promise<string> {
    if (connector.kind === 'sink') await this.#alterSink(sinkGroup(name, config), changes);
    else await this.#alterSource(name, connector, config, changes, signal);
    return changes === null ? RESET : ALTERED;
  }

  async #alterSource(
    name: string,
    connector: Extract<Connector, { kind: 'source' }>,
    config: RawConfig,
    changes: readonly ConnectorOffset[] | null,
    signal: AbortSignal,
  ): Promise<void> {
    const all =
      changes ??
      (await this.#access.readSource(name, config, signal)).map(({ partition }) => ({ partition, offset: null }));
    const call = { name, config, env: this.#env, log: this.#log, signal };
    await connector.alterOffsets?.(call, all);
    await this.#access.writeSource(name, config, all);
  }

  async #alterSink(group: string, changes: readonly ConnectorOffset[] | null): Promise<void> {
    if (changes === null) {
      const stored = await this.#access.readGroup(group);
      await this.#access.alterGroup(
        group,
        stored.map(({ topic, partition }) => ({ topic, partition, offset: null })),
      );
      return;
    }
    const parsed = changes.map(parseSinkOffset);
    for (const { topic, partition } of parsed) {
      if (partition >= (await this.#access.partitions(topic)))
        throw badOffset(`there is no partition ${partition} of topic ${topic}`);
    }
    await this.#access.alterGroup(group, parsed);
  }
}

function parseSinkOffset({ partition, offset }: ConnectorOffset): TopicPartition & { offset: bigint | null } {
  const topic = partition['kafka_topic'];
  const number = partition['kafka_partition'];
  if (typeof topic !== 'string' || number === undefined || number === null) {
    throw badOffset(
      "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
    );
  }
  const parsed = { topic, partition: Number(whole(number, 'partition', 'Partition')) };
  if (offset === null) return { ...parsed, offset: null };
  const value = offset['kafka_offset'];
  if (value === undefined || value === null) {
    throw badOffset("The offset for a sink connector should either be null or contain the key 'kafka_offset'");
  }
  return { ...parsed, offset: whole(value, 'offset', 'Offset') };
}

function whole(value: unknown, what: string, word: string): bigint {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : JSON.stringify(value);
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  const kind = /^-\d+$/.test(text) ? 'non-negative integers' : 'integers';
  throw badOffset(
    `Failed to parse the following Kafka ${what} value in the provided offsets: '${text}'. ${word} values for sink connectors need to be ${kind}.`,
  );
}

function badOffset(message: string): MillraceError {
  return new MillraceError('OFFSETS_INVALID', message, {
    kind: 'config',
    remedy: 'Give offsets as GET /connectors/{connector}/offsets shows them; none was changed.',
  });
}
