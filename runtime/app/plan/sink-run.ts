import type { ConnectorCall, SinkConnector } from '../../connector/connector.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SinkRecord } from '../../connector/sink.ts';
import type { Datum } from '../../record/record.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import { SCHEMA_HEADER } from '../../task/schema-header.ts';
import { RecordDecoder } from '../../task/sink/record-decoder.ts';
import type { HubSinkRecord } from '../../task/sink/sink-record.ts';
import { SinkTransforms } from '../../task/sink/sink-transforms.ts';
import { taskConverters, type TaskConverters } from '../../task/task-converters.ts';
import { createChain } from '../../transform/chain.ts';
import { tailRecords, type HubTail } from './hub-tail.ts';
import type { MadeRecord, Outcome, SampleInput, SampleRun } from './outcome.ts';
import { outcomeError } from './outcome-error.ts';
import { bytesText, datumText } from './shown-text.ts';
import { inTurns } from './in-turns.ts';

export interface SinkRunOptions {
  readonly connector: SinkConnector;
  readonly call: ConnectorCall;
  readonly worker: RawConfig;
  readonly tail: HubTail;
  readonly catalog: SchemaCatalog;
  readonly count: number;
}

/** A record, and what the connector would get of it. */
interface Offered {
  readonly input: SampleInput;
  readonly records: readonly SinkRecord[];
  error?: Outcome['error'];
}

/** The end of the hub's topics through converters and transforms, and through the sink's preview where it has one. */
export async function runSink(options: SinkRunOptions): Promise<SampleRun> {
  const { connector, call, worker, tail, catalog, count } = options;
  const converters = taskConverters({ config: call.config, worker });
  const decoder = new RecordDecoder(converters, catalog);
  const originals = await tailRecords(tail, decoder, catalog, count);
  const chain = createChain(call.config);
  const transforms = chain === null ? null : new SinkTransforms(chain, converters, connector);
  const { env, signal, config } = call;
  const offered = await inTurns(originals, env, signal, (original) => offer(original, transforms, config));
  const outputs = await preview(options, offered);
  const tolerant = connector.preview !== undefined;
  const outcomes = await inTurns(offered, env, signal, (one) => outcome(one, converters, config, tolerant));
  const notes = originals.length === 0 ? ['its topics hold no records to sample'] : [];
  return { outcomes, notes: [...notes, ...outputs.notes], ...(outputs.list === null ? {} : { outputs: outputs.list }) };
}

function inputOf({ topic, partition, offset }: SinkRecord): SampleInput {
  return { id: `${topic}-${partition} ${offset}`, topic, partition, offset };
}

function offer(original: HubSinkRecord, transforms: SinkTransforms | null, config: RawConfig): Offered {
  const input = inputOf(original);
  if (transforms === null) return { input, records: [original] };
  try {
    const { records, rejected } = transforms.apply([original]);
    const [first] = rejected;
    if (first === undefined) return { input, records };
    return { input, records: [], error: outcomeError(first.stage, first.error, config, 'sink') };
  } catch (error) {
    return { input, records: [], error: outcomeError('TRANSFORMATION', error, config, 'sink') };
  }
}

async function preview(
  { connector, call }: SinkRunOptions,
  offered: readonly Offered[],
): Promise<{ readonly list: NonNullable<SampleRun['outputs']> | null; readonly notes: readonly string[] }> {
  if (connector.preview === undefined) return { list: null, notes: [] };
  try {
    const { outputs, rejected } = await connector.preview(
      call,
      offered.flatMap(({ records }) => records),
    );
    const byId = new Map(offered.map((one) => [one.input.id, one]));
    for (const { record, error } of rejected) {
      const one = byId.get(inputOf(record).id);
      if (one !== undefined) one.error ??= outcomeError('TASK_PUT', error, call.config, 'sink');
    }
    return { list: outputs, notes: [] };
  } catch (error) {
    // What the sink does not take at all stops it at the first record.
    const [first] = offered.filter(({ records }) => records.length > 0);
    if (first === undefined) throw error;
    first.error ??= outcomeError('TASK_PUT', error, call.config, 'sink');
    return { list: [], notes: [] };
  }
}

/** `tolerant`: the connector itself says what it cannot take, and need not decode what it passes on. */
function outcome(
  { input, records, error }: Offered,
  converters: TaskConverters,
  config: RawConfig,
  tolerant: boolean,
): Outcome {
  if (error !== undefined) return { input, made: [], error };
  try {
    return { input, made: records.map((record) => made(record, converters, tolerant)) };
  } catch (cause) {
    return { input, made: [], error: outcomeError('VALUE_CONVERTER', cause, config, 'sink') };
  }
}

function made(record: SinkRecord, converters: TaskConverters, tolerant: boolean): MadeRecord {
  const key = shown(() => record.key(), record.rawKey, tolerant);
  const value = shown(() => record.value(), record.rawValue, tolerant);
  const own = record.headers.filter((header) => header.key !== SCHEMA_HEADER);
  return {
    topic: record.destination ?? record.topic,
    key: key.text,
    value: value.text,
    headers: Object.fromEntries(
      own.map((header) => [header.key, datumText(converters.header.decode(record.topic, header))]),
    ),
    keySchema: key.schema,
    valueSchema: value.schema,
  };
}

function shown(decode: () => Datum, raw: Uint8Array | null, tolerant: boolean) {
  try {
    const datum = decode();
    return { text: datumText(datum), schema: datum.schema };
  } catch (error) {
    if (!tolerant) throw error;
    return { text: bytesText(raw), schema: null };
  }
}
