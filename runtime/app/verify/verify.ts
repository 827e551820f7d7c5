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
import { sourceSettings } from '../../task/task-settings.ts';
import { compareTable, type TableComparison, type TableCopy } from './comparison.ts';
import { readHub } from './hub-copy.ts';
import { readTopic } from './read-topic.ts';

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
  /** Whether it is a copy of this topic too. */
  holds(topic: string): boolean;
  /** Waits until the copy has everything up to now. `topics`: those that are compared. */
  ready(topics: readonly string[], signal: AbortSignal): Promise<void>;
  read(table: TruthTable, truth: SourceTruth, signal: AbortSignal): Promise<TableCopy>;
}

export interface VerifyReport {
  /** Position of the source that was compared. */
  readonly position: string;
  readonly comparisons: readonly TableComparison[];
  /** Tables that the configuration names and the source does not show: not compared. */
  readonly unseen?: string;
  /** Tables whose topic an archive's sink does not read. */
  readonly notHeld: readonly { readonly table: string; readonly copy: string }[];
  /** In everything that was compared: see `complete`. */
  readonly equal: boolean;
  /** False where columns or tables were left out of the comparison, or something stayed inconclusive. */
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
      remedy: 'Verify a connector of a database source, or one that tells its truth (docs/writing-a-connector.md).',
    });
  }
  options.progress?.('reading the position of the source');
  const truth = await connector.truth({ name, config, env, log, signal });
  try {
    if (truth.tables.length === 0) throw nothingCaptured(name, truth.unseen);
    await untilCovered(options, truth);
    const topics = truth.tables.map(({ topic }) => topic);
    for (const copy of options.copies ?? []) {
      options.progress?.(`waiting until ${copy.name} has everything`);
      await copy.ready(
        topics.filter((topic) => copy.holds(topic)),
        signal,
      );
    }
    const comparisons = await compareAll(options, truth);
    const notHeld = truth.tables.flatMap(({ name: table, topic }) =>
      (options.copies ?? []).flatMap((copy) => (copy.holds(topic) ? [] : [{ table, copy: copy.name }])),
    );
    return {
      position: truth.position,
      comparisons,
      notHeld,
      ...(truth.unseen === undefined ? {} : { unseen: truth.unseen }),
      equal: comparisons.every(({ equal }) => equal),
      complete:
        notHeld.length === 0 &&
        truth.unseen === undefined &&
        comparisons.every((one) => one.notCompared.length === 0 && one.inconclusive.length === 0),
    };
  } finally {
    await truth.close();
  }
}

async function compareAll(options: VerifyOptions, truth: SourceTruth): Promise<TableComparison[]> {
  const comparisons: TableComparison[] = [];
  for (const [index, table] of truth.tables.entries()) {
    const place = `${table.name} (${index + 1} of ${truth.tables.length})`;
    const doing = `comparing ${place} with the hub`;
    options.progress?.(doing);
    const counted = (events: number): void => options.progress?.(`${doing}: ${events} events`);
    comparisons.push(await compareTable(table, 'hub', await readHub({ ...options, truth, counted }, table)));
    for (const copy of options.copies ?? []) {
      if (!copy.holds(table.topic)) continue;
      options.signal.throwIfAborted();
      options.progress?.(`comparing ${place} with ${copy.name}`);
      comparisons.push(await compareTable(table, copy.name, await copy.read(table, truth, options.signal)));
    }
  }
  return comparisons;
}

/** Equal would be a lie: tables may have been dropped or renamed, or the lists misspelt. */
function nothingCaptured(name: string, unseen: string | undefined): MillraceError {
  return new MillraceError('VERIFY_NOTHING', `connector ${name} captures no table that the source has now`, {
    kind: 'missing',
    remedy: `${unseen === undefined ? '' : `${unseen} `}See its include and exclude lists, and whether its tables were dropped or renamed.`,
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
