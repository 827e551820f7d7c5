import { FIELD_SEPARATOR, type SourceTruth, type TruthTable } from '../../connector/truth.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Hub } from '../../hub/port.ts';
import { RecordDecoder } from '../../task/sink/record-decoder.ts';
import { taskConverters } from '../../task/task-converters.ts';
import { sourceSettings } from '../../task/task-settings.ts';
import { rowHash } from './canonical-text.ts';
import type { TableCopy } from './comparison.ts';
import { envelopeOf, keyTexts, readImage, totalOrder, type TableEvent } from './event-image.ts';
import { KeylessCounts } from './keyless-counts.ts';
import { readTopic } from './read-topic.ts';
import { readSchemas } from './stored-schemas.ts';
import { PassNeeded, TableState, type StateOptions } from './table-state.ts';
import { Truncates } from './truncates.ts';

export interface HubTables {
  readonly hub: Hub;
  /** The connector's configuration. */
  readonly config: RawConfig;
  /** The worker's: converters and internal topics. */
  readonly worker: RawConfig;
  readonly truth: SourceTruth;
  readonly signal: AbortSignal;
  /** Called now and then with the events read so far in the present pass. */
  readonly counted?: (events: number) => void;
}

const COUNTED_EVERY = 50_000;
const OLD_KEY = '__debezium.oldkey';

/** Rebuilds a table from the hub, up to the position of the truth. */
export async function readHub(of: HubTables, table: TruthTable): Promise<TableCopy> {
  const partitions = (await of.hub.admin.describe(table.topic))?.partitions ?? 1;
  let options: StateOptions = { partitions };
  for (;;) {
    const state = new TableState(table, of.truth, options);
    try {
      await replay(of, table.topic, (event) => state.apply(event));
      return table.key.length > 0 ? state : keyless(state, () => recount(of, table, options.truncates));
    } catch (error) {
      if (!(error instanceof PassNeeded)) throw error;
      const found = error.option === 'fields' ? { fields: true } : { truncates: await readTruncates(of, table.topic) };
      options = { ...options, ...found };
    }
  }
}

/** Keys, as {@link TableState} has them, of rows with events after the position of the truth. */
export async function laterKeys(of: HubTables, table: TruthTable): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  await replay(of, table.topic, ({ key, value }) => {
    const envelope = envelopeOf(value);
    if (envelope === null || of.truth.includes(envelope.source)) return;
    const side = envelope.op === 'd' ? 'before' : 'after';
    keys.add(keyTexts(table, key, envelope, side).join(FIELD_SEPARATOR));
  });
  return keys;
}

function keyless(state: TableState, again: () => Promise<KeylessCounts>): TableCopy {
  const { rows, checksum, uncompared } = state;
  return { rows, checksum, uncompared, hashOf: (key) => state.hashOf(key), keys: () => state.keys(), recount: again };
}

async function readTruncates(of: HubTables, topic: string): Promise<Truncates> {
  const truncates = new Truncates(of.truth);
  await replay(of, topic, ({ partition, offset, value }) => {
    const envelope = envelopeOf(value);
    if (envelope?.op === 't' && of.truth.includes(envelope.source)) truncates.add(partition, offset, envelope.source);
  });
  return truncates;
}

async function recount(of: HubTables, table: TruthTable, known: Truncates | undefined): Promise<KeylessCounts> {
  const truncates = known ?? (await readTruncates(of, table.topic));
  const counts = new KeylessCounts(of.truth);
  await replay(of, table.topic, ({ partition, offset, value }) => {
    const envelope = envelopeOf(value);
    if (envelope === null || !of.truth.includes(envelope.source)) return;
    const { op, source } = envelope;
    if (op !== 'c' && op !== 'r' && op !== 'u' && op !== 'd') return;
    if (truncates.undid(partition, offset, source)) return;
    const hash = (side: 'before' | 'after'): bigint | null =>
      (envelope.value[side] ?? null) === null ? null : rowHash(readImage(table, envelope, side).fields);
    const before = op === 'u' || op === 'd' ? hash('before') : null;
    const after = op === 'd' ? null : hash('after');
    counts.add({ op, before, after, source, order: totalOrder(envelope), partition, offset });
  });
  return counts;
}

/** Every event of a topic, partition by partition. */
async function replay(of: HubTables, topic: string, visit: (event: TableEvent) => void): Promise<void> {
  const { hub, signal, config, worker } = of;
  const schemas = await readSchemas(hub, sourceSettings({ config, worker }).schemaTopic, signal);
  let events = 0;
  const decoder = new RecordDecoder(taskConverters({ config, worker }), schemas);
  await readTopic(hub, topic, signal, (record, partition) => {
    if (++events % COUNTED_EVERY === 0) of.counted?.(events);
    const value = record.value();
    if (value === null) return;
    const headers = record.headers();
    const at = { topic, partition, offset: record.offset, headers };
    const key = record.key();
    visit({
      partition,
      offset: record.offset,
      key: key === null ? null : decoder.key(at, key),
      value: decoder.value(at, value),
      moved: headers.some((header) => header.key === OLD_KEY),
    });
  });
}
