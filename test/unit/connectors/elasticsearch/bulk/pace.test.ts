import { describe, expect, test } from 'vitest';
import { backoffMs, Pace } from '../../../../../connectors/elasticsearch/bulk/pace.ts';

describe('the pace', () => {
  test('halves when the server asks for less, and grows while it is quick', () => {
    const pace = new Pace({ maxBytes: 8 << 20, maxInFlight: 5 });
    const first = pace.bytes;
    for (let i = 0; i < 20; i++) pace.answered(pace.bytes, 100);
    expect(pace.bytes).toBe(8 << 20);
    expect(pace.inFlight).toBe(5);
    pace.throttled();
    expect([pace.bytes, pace.inFlight]).toEqual([4 << 20, 4]);
    for (let i = 0; i < 20; i++) pace.throttled();
    expect([pace.bytes, pace.inFlight]).toEqual([64 * 1024, 1]);
    expect(first).toBe(1 << 20);
  });

  test('does not grow by bulks that were not full, and shrinks when answers are slow', () => {
    const pace = new Pace({ maxBytes: 8 << 20, maxInFlight: 5 });
    pace.answered(1000, 10);
    expect(pace.bytes).toBe(1 << 20);
    pace.answered(1 << 20, 5000);
    expect(pace.bytes).toBe(0.75 * (1 << 20));
  });

  test('waits longer each time, up to a minute', () => {
    expect([1, 2, 3].map((n) => backoffMs(100, n, 1))).toEqual([100, 200, 400]);
    expect(backoffMs(100, 1, 0)).toBe(50);
    expect(backoffMs(100, 50, 1)).toBe(60_000);
  });
});
