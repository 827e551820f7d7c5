import type { ConnectorPlan, Plan, SampledRecord, SampleReport } from '../rest/api.ts';
import { printCheck } from './check-report.ts';
import { paint, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';

type Action = ConnectorPlan['action'];
const MARKS = { create: '+', update: '~', unchanged: '=', delete: '-' } as const;
const COLOURS = { create: 'green', update: 'yellow', unchanged: 'dim', delete: 'red' } as const;
/** Schema fields and objects shown for people; all are in --json. */
const MOST_LINES = 15;
const MOST_TEXT = 160;

/** What the exit status of `--plan` says. */
export function planStatus({ connectors, ok, changes }: Plan): (typeof EXIT)[keyof typeof EXIT] {
  if (connectors.some(({ errors }) => errors.length > 0)) return EXIT.usage;
  if (!ok) return EXIT.failure;
  return changes ? EXIT.changes : EXIT.ok;
}

/** A plan for people. */
export function printPlan(io: CliIo, plan: Plan): void {
  for (const connector of plan.connectors) printConnector(io, connector);
  const counts = Map.groupBy(plan.connectors, ({ action }) => action);
  const line = (['create', 'update', 'delete', 'unchanged'] satisfies Action[])
    .map((action) => `${counts.get(action)?.length ?? 0} ${action === 'unchanged' ? 'unchanged' : `to ${action}`}`)
    .join(', ');
  io.out('');
  io.out(paint(io, 'bold', `Plan: ${line}.`));
  if (!plan.ok) io.out(paint(io, 'red', 'Something stands against it: see above.'));
  if (plan.hash !== null && plan.changes) io.out(`Apply exactly this with --hash ${plan.hash}`);
}

function printConnector(io: CliIo, plan: ConnectorPlan): void {
  const { name, action, type, keys, errors, check, sample, notes } = plan;
  io.out(`${paint(io, COLOURS[action], `${MARKS[action]} ${name}`)} (${type}) ${action}`);
  for (const { key, change, before, after } of keys) {
    if (change !== 'added') io.out(paint(io, 'red', `    - ${key}=${before ?? ''}`));
    if (change !== 'removed') io.out(paint(io, 'green', `    + ${key}=${after ?? ''}`));
    if (change === 'changed' && before === after) io.out(paint(io, 'dim', '      (a secret: it changes)'));
  }
  for (const { key, message } of errors) io.out(`    ${paint(io, 'red', 'invalid')} ${key}: ${message}`);
  for (const note of notes) io.out(paint(io, 'dim', `    ${note}`));
  if (check !== undefined) printFindings(io, check);
  if (sample !== undefined) printSample(io, sample);
}

/** What is well needs no line. */
function printFindings(io: CliIo, check: NonNullable<ConnectorPlan['check']>): void {
  const results = check.results.filter(({ ok }) => !ok);
  if (results.length === 0) io.out(`    check: ${check.results.length === 0 ? 'nothing to look at' : 'all well'}`);
  else printCheck({ ...io, out: (line) => io.out(`    ${line}`) }, { ...check, name: 'check', results });
}

function printSample(io: CliIo, sample: SampleReport): void {
  const { problem, records, from, before, after, same, changed, notes } = sample;
  if (problem !== undefined) {
    io.out(`    ${paint(io, 'red', 'no sample')} ${problem.code}: ${problem.message}`);
    if (problem.remedy !== undefined) io.out(`      remedy: ${problem.remedy}`);
    return;
  }
  const compared = before === null ? '' : `: ${same} as before, ${changed} otherwise`;
  const where = from === 'hub' ? 'records of the hub' : 'records from upstream';
  io.out(
    `    sample: ${records} ${where}${compared}; ${after.made} made, ${after.dropped} dropped, ${after.failed} failed`,
  );
  for (const note of notes) io.out(paint(io, 'dim', `      ${note}`));
  printErrors(io, sample);
  printSchemas(io, sample);
  printDifferences(io, sample);
  printOutputs(io, sample);
}

function printErrors(io: CliIo, { errors }: SampleReport): void {
  for (const { stops, count, stage, code, message, remedy, example } of errors) {
    const fate = stops ? paint(io, 'red', 'stops the task') : paint(io, 'yellow', 'dead letters');
    const at = example.offset === undefined ? '' : `-${example.partition} at offset ${example.offset}`;
    io.out(`      ${fate} ${count}× ${stage} ${code}, first ${example.topic}${at}`);
    io.out(`        ${short(message)}`);
    if (remedy !== undefined) io.out(`        remedy: ${remedy}`);
  }
}

function printSchemas(io: CliIo, { schemas, before }: SampleReport): void {
  // Of a new connector every field is new.
  if (before === null) return;
  for (const { topic, part, field, before: was, after: is } of schemas.slice(0, MOST_LINES)) {
    io.out(`      schema ${topic} ${part}${field === '' ? '' : `.${field}`}: ${was ?? 'none'} → ${is ?? 'none'}`);
  }
  more(io, schemas.length, 'fields');
}

function printDifferences(io: CliIo, { differences, before }: SampleReport): void {
  for (const one of differences) {
    const at = one.offset === undefined ? '' : `-${one.partition} at offset ${one.offset}`;
    io.out(paint(io, 'dim', `      ${one.topic}${at}`));
    if (before !== null) printRecords(io, '-', one.before);
    printRecords(io, '+', one.after);
  }
}

function printRecords(io: CliIo, sign: '-' | '+', records: readonly SampledRecord[] | null): void {
  const colour = sign === '-' ? 'red' : 'green';
  const texts = records?.map(recordText) ?? ['not read'];
  for (const text of texts.length === 0 ? ['dropped'] : texts) io.out(paint(io, colour, `        ${sign} ${text}`));
}

function recordText({ topic, key, value, error }: SampledRecord): string {
  return error === undefined ? short(`${topic} ${key ?? 'null'} ${value ?? 'null'}`) : `fails: ${short(error)}`;
}

/** What would be written otherwise: by name, how many records are in it, and whether it would be finished. */
export function printOutputs(io: Pick<CliIo, 'out' | 'colour'>, { outputs }: Pick<SampleReport, 'outputs'>): void {
  if (outputs === undefined) return;
  const old = new Set((outputs.before ?? []).map(outputText));
  const fresh = new Set(outputs.after.map(outputText));
  const lines = [
    ...[...old].filter((text) => !fresh.has(text)).map((text) => paint(io, 'red', `        - ${text}`)),
    ...[...fresh].filter((text) => !old.has(text)).map((text) => paint(io, 'green', `        + ${text}`)),
  ];
  if (lines.length === 0) return;
  io.out('      writes, as if it began with the sample’s first record:');
  for (const line of lines.slice(0, MOST_LINES)) io.out(line);
  more(io, lines.length, 'files');
}

/** `topics/orders/partition=0/orders+0+0000000180.json (20 records, open)` */
function outputText({ name, records, complete }: NonNullable<SampleReport['outputs']>['after'][number]): string {
  return `${name} (${records} records${complete ? '' : ', open'})`;
}

function more(io: Pick<CliIo, 'out' | 'colour'>, count: number, what: string): void {
  if (count > MOST_LINES) io.out(paint(io, 'dim', `      and ${count - MOST_LINES} more ${what}: see --json`));
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length <= MOST_TEXT ? line : `${line.slice(0, MOST_TEXT)}…`;
}
