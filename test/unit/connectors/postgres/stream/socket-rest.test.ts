import { beforeEach, describe, expect, it } from 'vitest';
import { SocketRest } from '../../../../../connectors/postgres/stream/socket-rest.ts';
import { realEnv } from '../../../../../runtime/env/real.ts';
import type { Env } from '../../../../../runtime/env/env.ts';

const SMALL = 1000;
const LARGE = 100_000;

describe('the rest of a stream’s socket', () => {
  let nowMs: number;
  let due: { readonly atMs: number; readonly call: () => void } | null;
  let wanted: boolean;
  let overs: number;
  let rest: SocketRest;

  beforeEach(() => {
    nowMs = 1000;
    due = null;
    wanted = false;
    overs = 0;
    const env: Env = {
      ...realEnv,
      clock: { ...realEnv.clock, monotonicMs: () => nowMs },
      timers: {
        ...realEnv.timers,
        after: (ms, call) => {
          due = { atMs: nowMs + ms, call };
          return { cancel: () => (due = null) };
        },
      },
    };
    rest = new SocketRest(
      env,
      () => wanted,
      () => overs++,
    );
  });

  function pass(ms: number): void {
    nowMs += ms;
    if (due === null || due.atMs > nowMs) return;
    const { call } = due;
    due = null;
    call();
  }

  /** One small block after the other, each wanted at once. */
  function steady(blocks: number): void {
    for (let block = 0; block < blocks; block++) {
      rest.begin(SMALL);
      rest.wanted();
      nowMs++;
    }
  }

  it('lasts until a reader wants more where blocks are rare', () => {
    rest.begin(SMALL);
    expect(rest.resting).toBe(true);
    rest.wanted();
    expect(rest.resting).toBe(false);
    expect(overs).toBe(1);
  });

  it('lasts some milliseconds at least where one small block follows the other', () => {
    steady(8);
    rest.begin(SMALL);
    rest.wanted();
    expect(rest.resting).toBe(true);
    wanted = true;
    pass(3);
    expect(rest.resting).toBe(true);
    pass(1);
    expect(rest.resting).toBe(false);
  });

  it('goes on past those milliseconds until a reader wants more', () => {
    steady(8);
    rest.begin(SMALL);
    pass(20);
    expect(rest.resting).toBe(true);
    rest.wanted();
    expect(rest.resting).toBe(false);
  });

  it('does not come with large blocks, and is short again after one', () => {
    steady(9);
    rest.end();
    rest.begin(LARGE);
    expect(rest.resting).toBe(false);
    rest.begin(SMALL);
    rest.wanted();
    expect(rest.resting).toBe(false);
  });

  it('is short again after a quiet time', () => {
    steady(9);
    rest.end();
    pass(1000);
    rest.begin(SMALL);
    rest.wanted();
    expect(rest.resting).toBe(false);
  });

  it('ends for good with the stream, and has no timer left', () => {
    steady(8);
    rest.begin(SMALL);
    rest.end();
    rest.end();
    expect({ due, resting: rest.resting }).toEqual({ due: null, resting: false });
  });
});
