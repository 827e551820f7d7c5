import type { SourceConnector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SourceOffset } from '../../connector/source.ts';
import type { SourceTruth, TruthTable } from '../../connector/truth.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import type { JsonObject } from '../../record/record.ts';
import { parseOffsetKey, partitionIdentity } from '../../store/offsets.ts';
import { RecordDecoder } from '../../task/sink/record-decoder.ts';
import { taskConverters } from '../../task/task-converters.ts';
import { sourceSettings } from '../../task/task-settings.ts';
import { compareTable, type TableComparison, type TableCopy } from './comparison.ts';
import { readTopic } from './read-topic.ts';
import { readSchemas } from './stored-schemas.ts';
import { TableState, FieldsNeeded } from './table-state.ts';

export interface VerifyOptions {
  readonly hub: Hub;
  readonly name: string;
  readonly connector: SourceConnector;
  /** The connector's configuration, variables resolved. */
  readonly config: RawConfig;
  /** The worker's: converters and internal topics. */
  readonly worker: RawConfig;
  readonly env: Env;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long the connector may take to reach the compared position. */
  readonly waitMs: number;
  /** A further copy of each table: an archive. */
  readonly copies?: readonly NamedCopy[];
  /** What is being done, for people. */
  readonly progress?: (text: string) => void;
}

export interface NamedCopy {
  readonly name: string;
  /** Waits until the copy has everything up to now. */
  ready(signal: AbortSignal): Promise<void>;
  read(table: TruthTable): Promise<TableCopy>;
}

export interface VerifyReport {
  /** Position of the source that was compared. */
  readonly position: string;
  readonly comparisons: readonly TableComparison[];
  /** In everything that was compared: see `complete`. */
  readonly equal: boolean;
  /** False where columns were left out of the comparison. */
  readonly complete: boolean;
}

const POLL_MS = 200;

/**
 * Answers "did I lose a row?": takes the source at one exact position, waits until the connector's
 * stored offset has passed it, rebuilds every table from the hub (and from further copies) up to
 * that position, and compares by count, checksum and, where they differ, by row.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const { connector, name, config, env, log, signal } = options;
  if (connector.truth === undefined) {
    throw new MillraceError('VERIFY_UNSUPPORTED', `connector ${name} (${connector.className}) cannot be verified`, {
      kind: 'config',
      remedy: 'Verify a connector of a database source.',
    });
  }
  options.progress?.('reading the position of the source');
  const truth = await connector.truth({ name, config, env, log, signal });
  try {
    if (truth.tables.length === 0) throw nothingCaptured(name);
    await untilCovered(options, truth);
    for (const copy of options.copies ?? []) await copy.ready(signal);
    const comparisons: TableComparison[] = [];
    for (const table of truth.tables) {
      options.progress?.(`comparing ${table.name}`);
      comparisons.push(await compareTable(table, 'hub', await rebuild(options, truth, table)));
      for (const copy of options.copies ?? []) {
        comparisons.push(await compareTable(table, copy.name, await copy.read(table)));
      }
    }
    return {
      position: truth.position,
      comparisons,
      equal: comparisons.every(({ equal }) => equal),
      complete: comparisons.every((one) => one.notCompared.length === 0),
    };
  } finally {
    await truth.close();
  }
}

/** Equal would be a lie: tables may have been dropped or renamed, or the lists misspelt. */
function nothingCaptured(name: string): MillraceError {
  return new MillraceError('VERIFY_NOTHING', `connector ${name} captures no table that the source has now`, {
    kind: 'missing',
    remedy: 'See its include and exclude lists, and whether its tables were dropped or renamed.',
  });
}

async function untilCovered(options: VerifyOptions, truth: SourceTruth): Promise<void> {
  const { env, signal, waitMs } = options;
  options.progress?.(`waiting until the connector has passed ${truth.position}`);
  const deadline = env.clock.monotonicMs() + waitMs;
  while (!truth.covered(await storedOffsets(options))) {
    if (env.clock.monotonicMs() > deadline) {
      throw new MillraceError(
        'VERIFY_BEHIND',
        `connector ${options.name} did not reach position ${truth.position} within ${waitMs} ms`,
        { kind: 'unavailable', remedy: 'See that it is RUNNING and not far behind, or wait longer (--wait).' },
      );
    }
    await env.timers.sleep(POLL_MS, signal);
  }
}

async function storedOffsets(options: VerifyOptions): Promise<SourceOffset[]> {
  const { hub, signal, name } = options;
  const topic = sourceSettings({ config: options.config, worker: options.worker }).offsetTopic;
  const offsets = new Map<string, SourceOffset>();
  await readTopic(hub, topic, signal, (record) => {
    const parsed = parseOffsetKey(record.key()?.toString() ?? '');
    if (parsed === null || parsed.connector !== name) return;
    const text = record.value()?.toString();
    const { partition } = parsed;
    if (text === undefined) offsets.delete(partitionIdentity(partition));
    else offsets.set(partitionIdentity(partition), { partition, offset: JSON.parse(text) as JsonObject });
  });
  return [...offsets.values()];
}

async function rebuild(options: VerifyOptions, truth: SourceTruth, table: TruthTable): Promise<TableState> {
  const state = new TableState(table, (source) => truth.includes(source));
  try {
    await replay(options, state);
    return state;
  } catch (error) {
    if (!(error instanceof FieldsNeeded)) throw error;
    const complete = new TableState(table, (source) => truth.includes(source), true);
    await replay(options, complete);
    return complete;
  }
}

async function replay(options: VerifyOptions, state: TableState): Promise<void> {
  const { hub, signal, config, worker } = options;
  const of = { config, worker };
  const schemas = await readSchemas(hub, sourceSettings(of).schemaTopic, signal);
  const decoder = new RecordDecoder(taskConverters(of), schemas);
  const { topic } = state.table;
  await readTopic(hub, topic, signal, (record, partition) => {
    const at = { topic, partition, offset: record.offset, headers: record.headers() };
    const value = record.value();
    if (value === null) return;
    const key = record.key();
    state.apply({ key: key === null ? null : decoder.key(at, key), value: decoder.value(at, value) });
  });
}
