import { describe, expect, test } from 'vitest';
import type { PlantedBug } from '../../planted/planted-bug.ts';
import { misfit } from '../../planted/misfit.ts';
import { PLANTED_BUGS } from '../../planted/planted-bugs.ts';
import type { TestResult } from '../../planted/run-tests.ts';
import { judge, judgeUnplanted } from '../../planted/verdict.ts';

const ROOT = new URL('../../../', import.meta.url).pathname;

describe('the planted bugs', () => {
  test('fit the code as it is: one whose code has changed is written anew or taken out', async () => {
    const misfits = await Promise.all(PLANTED_BUGS.map(async (bug) => [bug.name, await misfit(ROOT, bug)] as const));
    expect(misfits.filter(([, problem]) => problem !== null)).toEqual([]);
  });

  test('have names of their own, and break every invariant somewhere', () => {
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length);
    const invariants = new Set(PLANTED_BUGS.map(({ invariant }) => invariant));
    expect([...invariants].sort()).toEqual(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9']);
  });
});

describe('the verdict', () => {
  const bug: PlantedBug = {
    name: 'b',
    invariant: 'I1',
    file: 'f.ts',
    find: 'a',
    plant: 'b',
    test: 't.test.ts',
    only: 'counts',
  };
  const ran = (outcome: TestResult['outcome'], change: Partial<TestResult> = {}) => ({
    tests: [{ file: 't.test.ts', name: 'group counts', outcome, message: '', ...change }],
    broken: [],
  });

  test('is red only by the named test', () => {
    expect(judge(bug, ran('failed', { message: 'AssertionError: 1 is not 2' }))).toEqual({
      kind: 'red',
      test: 'group counts',
    });
    expect(judge(bug, ran('passed'))).toMatchObject({ kind: 'green' });
    expect(judge(bug, ran('failed', { name: 'another' }))).toMatchObject({ kind: 'green' });
  });

  test('is broken where the code does not load, or names what is not there', () => {
    expect(judge(bug, { tests: [], broken: ['t.test.ts: no such module'] })).toMatchObject({ kind: 'broken' });
    expect(judge(bug, ran('failed', { message: 'ReferenceError: x is not defined' }))).toMatchObject({
      kind: 'broken',
    });
  });

  test('without the bug asks that the test exists and passes', () => {
    expect(judgeUnplanted(bug, ran('passed'))).toBeNull();
    expect(judgeUnplanted(bug, ran('failed'))).toMatchObject({ kind: 'broken' });
    expect(judgeUnplanted(bug, ran('skipped'))).toMatchObject({ kind: 'skipped' });
    expect(judgeUnplanted(bug, ran('passed', { name: 'renamed' }))).toMatchObject({ kind: 'broken' });
    expect(judgeUnplanted(bug, { tests: [], broken: ['t.test.ts: no such module'] })).toMatchObject({ kind: 'broken' });
  });
});
