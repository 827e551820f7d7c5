import type { MadeUp } from '../../../connectors/generator/made-up.ts';

/** What a reader of generated records found wrong, with an example each. */
export interface GeneratedFaults {
  readonly missing: readonly number[];
  readonly twice: readonly number[];
  readonly foreign: readonly string[];
  readonly outOfOrder: readonly string[];
}

interface Line {
  readonly sequence: number;
  readonly key: string;
}

/**
 * Holds lines (JSON of values, in the order read) against what a generator makes: records 0 to
 * `count`, computed from its seed. `expected` turns a record's value into the line it must be. Order
 * per key is that of first appearances: repetitions are counted, not judged.
 */
export function generatedFaults(
  lines: readonly string[],
  made: MadeUp,
  count: number,
  expected: (value: string) => string,
): GeneratedFaults {
  const seen = new Uint32Array(count);
  const last = new Map<string, number>();
  const foreign: string[] = [];
  const outOfOrder: string[] = [];
  for (const line of lines) {
    const { sequence, key } = parsed(line);
    if (!(sequence >= 0 && sequence < count) || expected(made.record(sequence).value) !== line) {
      foreign.push(line);
      continue;
    }
    const times = (seen[sequence] ?? 0) + 1;
    seen[sequence] = times;
    if (times > 1) continue;
    const before = last.get(key) ?? -1;
    if (sequence < before) outOfOrder.push(`${key}: ${sequence} after ${before}`);
    last.set(key, sequence);
  }
  const numbers = Array.from({ length: count }, (_, n) => n);
  return {
    missing: numbers.filter((n) => seen[n] === 0),
    twice: numbers.filter((n) => (seen[n] ?? 0) > 1),
    foreign,
    outOfOrder,
  };
}

function parsed(line: string): Line {
  try {
    const { sequence, key } = JSON.parse(line) as Line;
    return { sequence, key };
  } catch {
    return { sequence: -1, key: '' };
  }
}
