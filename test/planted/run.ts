import { fileURLToPath } from 'node:url';
import type { PlantedBug } from './planted-bug.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { misfit } from './misfit.ts';
import { runTests, type TestRun } from './run-tests.ts';
import { judge, judgeUnplanted, type Verdict } from './verdict.ts';
import { WorkCopy } from './work-copy.ts';

/*
 * Plants known bugs, one at a time, in a copy of the work tree, and says whether the suite goes red:
 *
 *     node test/planted/run.ts            all of them
 *     node test/planted/run.ts TOAST I4   those whose name or invariant holds one of the words
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const UNPLANTED_LIMIT_MS = 180_000;
const PLANTED_LIMIT_MS = 90_000;

interface Row {
  readonly bug: PlantedBug;
  readonly verdict: Verdict;
  readonly seconds: number;
}

function chosen(words: readonly string[]): PlantedBug[] {
  if (words.length === 0) return [...PLANTED_BUGS];
  return PLANTED_BUGS.filter(({ name, invariant }) => words.some((word) => name.includes(word) || invariant === word));
}

/** All the tests once without any bug: red means nothing where they fail anyway. */
async function runUnplanted(copy: WorkCopy, bugs: readonly PlantedBug[]): Promise<TestRun> {
  const whole = bugs.filter(({ only }) => only === undefined);
  const named = bugs.filter(({ only }) => only !== undefined);
  const tests: TestRun['tests'][number][] = [];
  const broken: string[] = [];
  for (const some of [whole, named].filter(({ length }) => length > 0)) {
    const files = [...new Set(some.map(({ test }) => test))];
    const only = [...new Set(some.flatMap((bug) => bug.only ?? []))];
    const run = await runTests(copy.path, { files, only, bail: false, limitMs: UNPLANTED_LIMIT_MS });
    tests.push(...run.tests);
    broken.push(...run.broken);
    if (run.tests.length === 0) throw new Error(`the tests did not run:\n${run.broken.join('\n')}`);
  }
  return { tests, broken };
}

async function runPlanted(copy: WorkCopy, bug: PlantedBug): Promise<Verdict> {
  const takeOut = await copy.plant(bug);
  try {
    const only = bug.only === undefined ? [] : [bug.only];
    return judge(bug, await runTests(copy.path, { files: [bug.test], only, bail: true, limitMs: PLANTED_LIMIT_MS }));
  } finally {
    await takeOut();
  }
}

async function runAll(copy: WorkCopy, bugs: readonly PlantedBug[]): Promise<Row[]> {
  const unplanted = await runUnplanted(copy, bugs);
  const rows: Row[] = [];
  for (const bug of bugs) {
    const startedMs = performance.now();
    const verdict = judgeUnplanted(bug, unplanted) ?? (await runPlanted(copy, bug));
    const row = { bug, verdict, seconds: (performance.now() - startedMs) / 1000 };
    rows.push(row);
    console.log(line(row));
  }
  return rows;
}

function line({ bug, verdict, seconds }: Row): string {
  const shown = verdict.kind === 'red' ? `${bug.test}: ${verdict.test}` : verdict.kind.toUpperCase();
  return `| ${bug.name} | ${bug.invariant} | ${shown} | ${seconds.toFixed(1)} |`;
}

/** Descriptions that no longer fit the code fail before anything runs. */
async function checkAll(copy: WorkCopy, bugs: readonly PlantedBug[]): Promise<boolean> {
  let fits = true;
  for (const bug of bugs) {
    const problem = await misfit(copy.path, bug);
    if (problem === null) continue;
    fits = false;
    console.error(`planted bug "${bug.name}": ${problem}`);
  }
  return fits;
}

/** True where every bug was seen. What a machine cannot run is a failure in CI. */
function report(rows: readonly Row[], ms: number): boolean {
  const of = (kind: Verdict['kind']): Row[] => rows.filter(({ verdict }) => verdict.kind === kind);
  for (const { bug, verdict } of rows) {
    if (verdict.kind !== 'red') console.error(`\n${verdict.kind.toUpperCase()} "${bug.name}"\n${verdict.why}`);
  }
  const counts = (['red', 'green', 'broken', 'skipped'] as const).map((kind) => `${of(kind).length} ${kind}`);
  console.log(`\n${rows.length} planted bugs: ${counts.join(', ')}, in ${(ms / 1000).toFixed(0)} s`);
  const unseen = of('green').length + of('broken').length + (process.env['CI'] ? of('skipped').length : 0);
  return rows.length > 0 && unseen === 0;
}

const startedMs = performance.now();
const bugs = chosen(process.argv.slice(2));
const copy = await WorkCopy.make(ROOT);
try {
  if (await checkAll(copy, bugs)) {
    console.log('| bug | invariant | red in | seconds |\n| --- | --- | --- | --- |');
    if (!report(await runAll(copy, bugs), performance.now() - startedMs)) process.exitCode = 1;
  } else {
    process.exitCode = 1;
  }
} finally {
  await copy.remove();
}
