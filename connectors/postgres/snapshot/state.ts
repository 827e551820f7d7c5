import type { Position, Progress, SourceOffset } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject, JsonValue } from '../../../runtime/record/record.ts';
import { formatLsn, parseLsn } from '../wire/lsn.ts';

/*
 * A snapshot's state, as source offsets beside the stream's `{"server": prefix}`. Each is written
 * with the rows it speaks of, in one batch (I3); offset records hold text keys and primitive values.
 *
 *   {"server", "snapshot": "plan"}                          the snapshot as a whole
 *   {"server", "snapshot": "table", "table": schema.table}  what of a table is to be read; written once
 *   {"server", "snapshot": "progress", "table": …}          what of it is read
 */

/** A snapshot as a whole. */
export interface PlanState {
  readonly id: string;
  /**
   * - `creating`: the slot of this name is about to be created. Nothing was read: where the slot
   *   exists, it is ours, and of no use without the snapshot it came with.
   * - `planned`: the slot exists, chunks are being read or are done.
   * - `known`: there is nothing to read but what tables say of themselves.
   * - `withdrawn`: the slot was not made, so one that is found later is not ours. As if nothing were stored.
   */
  readonly phase: 'creating' | 'planned' | 'known' | 'withdrawn';
  readonly slot: string;
  /** Consistent point; 0n while `creating`. */
  readonly lsn: bigint;
  readonly systemId: string;
  readonly timeline: number;
}

/** Key of a row, or bound of a chunk: the text of each key column. */
export type KeyTexts = readonly string[];

/** What of a table is to be read. */
export interface TablePlan {
  /** `schema.table` */
  readonly table: string;
  /** Names the work: progress of another plan does not count. */
  readonly plan: string;
  /** `none`: the stream alone brings its rows. */
  readonly kind: 'keys' | 'pages' | 'none';
  readonly fingerprint: string;
  /** Of the table that was read: another one of its name is another table. undefined: not stored. */
  readonly oid?: number;
  /** How it was published at the last start (`slot/membership.ts`). undefined: not stored. */
  readonly published?: string;
  /** Between chunks, ascending: one less than there are chunks. Only of `keys`. */
  readonly bounds: readonly KeyTexts[];
  readonly chunks: number;
  /** Condition of an ad-hoc snapshot. */
  readonly filter?: string;
  /** It was asked for by this signal. */
  readonly signal?: string;
}

/** What of a table is read. */
export interface TableProgress {
  readonly plan: string;
  /** Chunks that are done. */
  readonly done: ReadonlySet<number>;
  /** In the first chunk that is open: rows up to this key are done. */
  readonly after?: KeyTexts;
  /** Keys that have to be read again before the table is done. */
  readonly again: readonly string[];
  readonly rows: number;
  /**
   * The table was read at a snapshot later than the stream's start: changes of transactions
   * visible in it are dropped until the stream has passed `untilLsn`.
   */
  readonly visible?: string;
  readonly untilLsn?: bigint;
  readonly finished: boolean;
}

export interface SnapshotState {
  readonly plan: PlanState | undefined;
  readonly tables: ReadonlyMap<string, { readonly plan: TablePlan; readonly progress: TableProgress }>;
  /** Tables that were captured once, and were not at the last start. */
  readonly forgotten: ReadonlySet<string>;
}

/** Nothing of this plan is read. */
export function noProgress(plan: string): TableProgress {
  return { plan, done: new Set(), again: [], rows: 0, finished: false };
}

export function planProgress(server: string, plan: PlanState): Progress {
  return {
    partition: { server, snapshot: 'plan' },
    position: fixed({
      id: plan.id,
      phase: plan.phase,
      slot: plan.slot,
      lsn: formatLsn(plan.lsn),
      system: plan.systemId,
      timeline: plan.timeline,
    }),
  };
}

export function tablePlanProgress(server: string, plan: TablePlan): Progress {
  return {
    partition: { server, snapshot: 'table', table: plan.table },
    position: fixed({
      plan: plan.plan,
      kind: plan.kind,
      fingerprint: plan.fingerprint,
      ...(plan.oid === undefined ? {} : { oid: plan.oid }),
      ...(plan.published === undefined ? {} : { published: plan.published }),
      chunks: plan.chunks,
      bounds: JSON.stringify(plan.bounds),
      ...(plan.filter === undefined ? {} : { filter: plan.filter }),
      ...(plan.signal === undefined ? {} : { signal: plan.signal }),
    }),
  };
}

export function tableProgress(server: string, table: string, progress: TableProgress): Progress {
  return {
    partition: { server, snapshot: 'progress', table },
    position: fixed({
      plan: progress.plan,
      done: writeRanges(progress.done),
      rows: progress.rows,
      finished: progress.finished,
      ...(progress.after === undefined ? {} : { after: JSON.stringify(progress.after) }),
      ...(progress.again.length === 0 ? {} : { again: JSON.stringify(progress.again) }),
      ...(progress.visible === undefined ? {} : { visible: progress.visible }),
      ...(progress.untilLsn === undefined ? {} : { until: formatLsn(progress.untilLsn) }),
    }),
  };
}

/** Nothing is known of the table any more: it is a new one when it is captured again. */
export function forgottenProgress(server: string, table: string): Progress {
  return { partition: { server, snapshot: 'table', table }, position: fixed({ forgotten: true }) };
}

function fixed(offset: JsonObject): Position {
  return { toOffset: () => offset };
}

/** Reads the state out of a connector's offsets. Throws a `position` error where one is damaged. */
export function readState(server: string, offsets: readonly SourceOffset[]): SnapshotState {
  const ours = offsets.filter(({ partition }) => partition['server'] === server && partition['snapshot'] !== undefined);
  const of = (kind: string): ReadonlyMap<string, JsonObject> =>
    new Map(
      ours
        .filter(({ partition }) => partition['snapshot'] === kind)
        .map(({ partition, offset }) => [text(partition['table'] ?? ''), offset]),
    );
  const plan = of('plan').get('');
  const progress = of('progress');
  const tables = new Map<string, { plan: TablePlan; progress: TableProgress }>();
  const forgotten = new Set<string>();
  for (const [table, offset] of of('table')) {
    if (offset['forgotten'] === true) {
      forgotten.add(table);
      continue;
    }
    const tablePlan = readTablePlan(table, offset);
    const stored = progress.get(table);
    const read = stored === undefined ? undefined : readProgress(stored);
    tables.set(table, {
      plan: tablePlan,
      progress: read?.plan === tablePlan.plan ? read : noProgress(tablePlan.plan),
    });
  }
  return { plan: plan === undefined || plan['phase'] === 'withdrawn' ? undefined : readPlan(plan), tables, forgotten };
}

function readPlan(offset: JsonObject): PlanState {
  const { phase } = offset;
  if (phase !== 'creating' && phase !== 'planned' && phase !== 'known') throw damaged('plan', offset);
  const lsn = parseLsn(text(offset['lsn']));
  if (lsn === undefined) throw damaged('plan', offset);
  return {
    id: text(offset['id']),
    phase,
    slot: text(offset['slot']),
    lsn,
    systemId: text(offset['system']),
    timeline: number(offset['timeline']),
  };
}

function readTablePlan(table: string, offset: JsonObject): TablePlan {
  const { kind, filter, signal, oid, published } = offset;
  if (kind !== 'keys' && kind !== 'pages' && kind !== 'none') throw damaged(table, offset);
  return {
    table,
    plan: text(offset['plan']),
    kind,
    fingerprint: text(offset['fingerprint']),
    ...(typeof oid === 'number' ? { oid } : {}),
    ...(typeof published === 'string' ? { published } : {}),
    chunks: number(offset['chunks']),
    bounds: json(table, offset, 'bounds') as readonly KeyTexts[],
    ...(typeof filter === 'string' ? { filter } : {}),
    ...(typeof signal === 'string' ? { signal } : {}),
  };
}

function readProgress(offset: JsonObject): TableProgress {
  const { visible, until, after } = offset;
  const untilLsn = parseLsn(text(until ?? ''));
  return {
    plan: text(offset['plan']),
    done: readRanges(text(offset['done'])),
    rows: number(offset['rows']),
    finished: offset['finished'] === true,
    again: offset['again'] === undefined ? [] : (json('progress', offset, 'again') as readonly string[]),
    ...(after === undefined ? {} : { after: json('progress', offset, 'after') as KeyTexts }),
    ...(typeof visible === 'string' ? { visible } : {}),
    ...(untilLsn === undefined ? {} : { untilLsn }),
  };
}

/** `0-3,5`: a set of numbers, short while they are few stretches. */
export function writeRanges(numbers: ReadonlySet<number>): string {
  const ranges: string[] = [];
  const sorted = [...numbers].sort((a, b) => a - b);
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    ranges.push(end === i ? `${sorted[i]}` : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return ranges.join(',');
}

export function readRanges(text: string): Set<number> {
  const numbers = new Set<number>();
  for (const range of text.split(',')) {
    if (range === '') continue;
    const [from, to] = range.split('-').map(Number);
    for (let i = from ?? 0; i <= (to ?? from ?? -1); i++) numbers.add(i);
  }
  return numbers;
}

function text(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function number(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function json(what: string, offset: JsonObject, key: string): unknown {
  try {
    return JSON.parse(text(offset[key]));
  } catch {
    throw damaged(what, offset);
  }
}

function damaged(what: string, offset: JsonObject): MillraceError {
  return new MillraceError(
    'POSTGRES_SNAPSHOT_STATE_UNUSABLE',
    `the stored snapshot state of ${what} cannot be read: ${JSON.stringify(offset).slice(0, 200)}`,
    { kind: 'position', remedy: 'Stop the connector and delete its offsets to take a new snapshot.' },
  );
}
