import type { ConnectorCall, SourceConnector } from '../../connector/connector.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SourceRecord } from '../../connector/source.ts';
import type { EncodableRecord } from '../../task/source/record-encoder.ts';
import { encodable, fromRecord } from '../../task/source/chain-record.ts';
import { taskConverters, type TaskConverters } from '../../task/task-converters.ts';
import { createChain, type TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import type { TransformRecord } from '../../transform/transform-record.ts';
import type { MadeRecord, Outcome, SampleRun } from './outcome.ts';
import { outcomeError } from './outcome-error.ts';
import { bytesText, datumText } from './shown-text.ts';
import { inTurns } from './in-turns.ts';

/** A fresh sample from upstream, through transforms and converters, written nowhere. */
export async function runSource(
  connector: SourceConnector,
  call: ConnectorCall,
  worker: RawConfig,
  count: number,
): Promise<SampleRun> {
  if (connector.sample === undefined) {
    return { outcomes: [], notes: [`${connector.className} offers no sample of what is upstream`] };
  }
  const records = await connector.sample(call, count);
  const converters = taskConverters({ config: call.config, worker });
  const chain = createChain(call.config);
  const seen = new Map<string, number>();
  const outcomes = await inTurns(records, call.env, call.signal, (record) =>
    outcome(record, chain, converters, call.config, seen),
  );
  return { outcomes, notes: records.length === 0 ? ['upstream has no records to sample'] : [] };
}

function outcome(
  record: SourceRecord,
  chain: TransformChain | null,
  converters: TaskConverters,
  config: RawConfig,
  seen: Map<string, number>,
): Outcome {
  const input = { id: identity(record, seen), topic: record.topic };
  let stage = 'TRANSFORMATION';
  try {
    const out: TransformRecord[] = [];
    if (chain === null) out.push(fromRecord(record));
    else chain.apply(fromRecord(record), out);
    stage = 'VALUE_CONVERTER';
    return { input, made: out.map((one) => encode(encodable(one), converters)) };
  } catch (error) {
    const cause = error instanceof TransformFailure ? error.error : error;
    return { input, made: [], error: outcomeError(stage, cause, config, 'source') };
  }
}

/** Topic and key; of records that share them, or have none, also which of them it is. */
function identity({ topic, key }: SourceRecord, seen: Map<string, number>): string {
  const base = `${topic} ${key === null ? '' : (datumText(key) ?? '')}`;
  const nth = seen.get(base) ?? 0;
  seen.set(base, nth + 1);
  return `${base} ${nth}`;
}

/** As it would stand in the hub. */
function encode({ topic, key, value, headers = [] }: EncodableRecord, converters: TaskConverters): MadeRecord {
  const shown = headers.map((header) => [header.key, bytesText(converters.header.encode(topic, header))] as const);
  return {
    topic,
    key: key === null ? null : bytesText(converters.key.encode(topic, key)),
    value: value === null ? null : bytesText(converters.value.encode(topic, value)),
    headers: Object.fromEntries(shown),
    keySchema: key?.schema ?? null,
    valueSchema: value?.schema ?? null,
  };
}
