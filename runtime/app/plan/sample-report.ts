import type {
  OutcomeCounts,
  RecordDifference,
  SampledRecord,
  SampleError,
  SampleReport,
} from '../../rest/plan-answers.ts';
import type { MadeRecord, Outcome, OutcomeError, SampleInput, SampleRun } from './outcome.ts';
import { schemaDifferences } from './schema-fields.ts';

/** Records shown of a difference, and characters of each text. */
const SHOWN_RECORDS = 5;
const SHOWN_CHARACTERS = 1000;

/** Compares what two configurations made of the same records; `before: null`: there is nothing to compare with. */
export function sampleReport(from: SampleReport['from'], before: SampleRun | null, after: SampleRun): SampleReport {
  const pairs = paired(before?.outcomes ?? [], after.outcomes);
  const changed = before === null ? [] : pairs.filter(({ old, fresh }) => textOf(old) !== textOf(fresh));
  const shown = before === null ? pairs : changed;
  const outputs = after.outputs === undefined ? null : { before: before?.outputs ?? null, after: after.outputs };
  return {
    from,
    records: after.outcomes.length,
    before: before === null ? null : counts(before.outcomes),
    after: counts(after.outcomes),
    same: before === null ? 0 : pairs.length - changed.length,
    changed: changed.length,
    differences: shown.slice(0, SHOWN_RECORDS).map(difference),
    schemas: schemaDifferences(before?.outcomes ?? null, after.outcomes),
    errors: sampleErrors(after.outcomes),
    ...(outputs === null ? {} : { outputs }),
    notes: after.notes,
  };
}

interface Pair {
  readonly input: SampleInput;
  readonly old: Outcome | null;
  readonly fresh: Outcome | null;
}

function paired(before: readonly Outcome[], after: readonly Outcome[]): Pair[] {
  const old = new Map(before.map((outcome) => [outcome.input.id, outcome]));
  const pairs: Pair[] = after.map((fresh) => ({ input: fresh.input, old: old.get(fresh.input.id) ?? null, fresh }));
  const ids = new Set(after.map(({ input }) => input.id));
  const gone = before
    .filter(({ input }) => !ids.has(input.id))
    .map((one) => ({ input: one.input, old: one, fresh: null }));
  return [...pairs, ...gone];
}

/** What counts as the same. */
function textOf(outcome: Outcome | null): string {
  if (outcome === null) return '';
  const made = outcome.made.map(({ topic, key, value, headers }) => [topic, key, value, headers]);
  return JSON.stringify([made, outcome.error?.code ?? null]);
}

function difference({ input, old, fresh }: Pair): RecordDifference {
  return { ...placeOf(input), before: sampled(old), after: sampled(fresh) };
}

function placeOf({ topic, partition, offset }: SampleInput) {
  return {
    topic,
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset: offset.toString() }),
  };
}

function sampled(outcome: Outcome | null): readonly SampledRecord[] | null {
  if (outcome === null) return null;
  const { error } = outcome;
  if (error === undefined) return outcome.made.slice(0, SHOWN_RECORDS).map(shownRecord);
  return [{ topic: outcome.input.topic, key: null, value: null, headers: {}, error: cut(error.message) ?? '' }];
}

function shownRecord({ topic, key, value, headers }: MadeRecord): SampledRecord {
  const texts = Object.entries(headers).map(([name, text]) => [name, cut(text)] as const);
  return { topic, key: cut(key), value: cut(value), headers: Object.fromEntries(texts) };
}

function cut(text: string | null): string | null {
  return text === null || text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}…`;
}

function counts(outcomes: readonly Outcome[]): OutcomeCounts {
  const failed = outcomes.filter(({ error }) => error !== undefined).length;
  const dropped = outcomes.filter(({ made, error }) => made.length === 0 && error === undefined).length;
  return { made: outcomes.reduce((sum, { made }) => sum + made.length, 0), dropped, failed };
}

/** The same error of many records once. */
function sampleErrors(outcomes: readonly Outcome[]): SampleError[] {
  const groups = new Map<string, { error: OutcomeError; input: SampleInput; count: number }>();
  for (const { input, error } of outcomes) {
    if (error === undefined) continue;
    const id = `${error.stage} ${error.code} ${input.topic}`;
    const group = groups.get(id) ?? { error, input, count: 0 };
    group.count++;
    groups.set(id, group);
  }
  return [...groups.values()].map(({ error, input, count }) => ({
    ...error,
    message: cut(error.message) ?? '',
    count,
    example: placeOf(input),
  }));
}
