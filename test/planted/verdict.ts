import type { PlantedBug } from './planted-bug.ts';
import type { TestResult, TestRun } from './run-tests.ts';

/**
 * - `red`: a test failed by an assertion or its time-out, as it should.
 * - `green`: the suite does not see the bug.
 * - `broken`: nothing can be said: the code did not load, or the test does not exist.
 * - `skipped`: this machine cannot run the test.
 */
export type Verdict =
  | { readonly kind: 'red'; readonly test: string }
  | { readonly kind: 'green' | 'broken' | 'skipped'; readonly why: string };

/** Errors of code that is no longer JavaScript, or names what is not there: those are no finding of a test. */
const CODE_ERRORS = /^(SyntaxError|ReferenceError|TransformError)\b/;

const concerns = ({ test, only = '' }: PlantedBug, { file, name }: TestResult): boolean =>
  file === test && name.includes(only);

/** What the tests say with the bug planted. Pure. */
export function judge(bug: PlantedBug, { tests, broken }: TestRun): Verdict {
  const [unloaded] = broken;
  if (unloaded !== undefined) return { kind: 'broken', why: unloaded };
  const failed = tests.find((test) => test.outcome === 'failed' && concerns(bug, test));
  if (failed === undefined) return { kind: 'green', why: 'no test failed' };
  if (CODE_ERRORS.test(failed.message)) return { kind: 'broken', why: failed.message };
  return { kind: 'red', test: failed.name };
}

/** What the same tests say without the bug: null where they pass. Pure. */
export function judgeUnplanted(bug: PlantedBug, { tests, broken }: TestRun): Verdict | null {
  const unloaded = broken.find((text) => text.startsWith(bug.test));
  if (unloaded !== undefined) return { kind: 'broken', why: unloaded };
  const concerned = tests.filter((test) => concerns(bug, test));
  const failed = concerned.find(({ outcome }) => outcome === 'failed');
  if (failed !== undefined) return { kind: 'broken', why: `red without the bug: ${failed.name}: ${failed.message}` };
  if (concerned.some(({ outcome }) => outcome === 'passed')) return null;
  const [skipped] = concerned;
  if (skipped !== undefined) return { kind: 'skipped', why: `not run on this machine: ${skipped.name}` };
  return { kind: 'broken', why: `${bug.test} has no test ${bug.only ?? ''}` };
}
