import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Case } from '../../generate/transform-fixtures/data.ts';
import type { Difference } from './differences.ts';
import { answer, recordedCases, type Json, type Recorded } from './replay.ts';

interface Comparable {
  readonly outputs: readonly Json[];
  readonly error: string | null;
}

/** One test for each transform: all its cases. A listed difference that is none any more fails too. */
export function compareAll(
  whose: string,
  file: string,
  cases: readonly Case[],
  differences: readonly Difference[],
): void {
  const recorded = recordedCases(file, cases);
  const byClass = Map.groupBy(recorded, ({ className }) => className);
  const seen = new Set<Difference>();
  describe(`transforms answer as ${whose}`, () => {
    test.each([...byClass])('%s', (_className, ones) => {
      for (const one of ones) compareOne(one, differences, seen);
    });
    test('and every listed difference is one', () => {
      expect(differences.filter((one) => !seen.has(one))).toEqual([]);
    });
  });
}

function compareOne(one: Recorded, differences: readonly Difference[], seen: Set<Difference>): void {
  const ours = comparable(answer(one));
  const theirs = comparable(one);
  if (isDeepStrictEqual(ours, theirs)) return;
  const difference = differences.find(({ cases }) => cases.test(one.name));
  if (difference === undefined) expect(ours, one.name).toEqual(theirs);
  else if (difference.onlyMessage === true) expect(withoutWords(ours), one.name).toEqual(withoutWords(theirs));
  if (difference !== undefined) seen.add(difference);
}

/** Without what says the same otherwise: the class of an exception, why a value cannot be written. */
function comparable({ outputs, error }: Comparable): Comparable {
  const simple = (json: Json): Json => {
    if (json === null || typeof json !== 'object') return json;
    if (Array.isArray(json)) return json.map((item) => simple(item as Json));
    const object = json as { readonly [key: string]: Json };
    if ('unwritable' in object) return { unwritable: true };
    if ('error' in object) return { error: (object['error'] as { readonly message: string }).message };
    return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, simple(item)]));
  };
  return { outputs: outputs.map(simple), error };
}

function withoutWords({ outputs, error }: Comparable): Comparable {
  const silent = (json: Json): Json => {
    return typeof json === 'object' && json !== null && 'error' in json ? { error: true } : json;
  };
  return { outputs: outputs.map(silent), error: error === null ? null : 'refused' };
}
