import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  noProgress,
  planProgress,
  readRanges,
  readState,
  tablePlanProgress,
  tableProgress,
  writeRanges,
  type TablePlan,
} from '../../../../../connectors/postgres/snapshot/state.ts';
import type { Progress, SourceOffset } from '../../../../../runtime/connector/source.ts';

const stored = (progress: readonly Progress[]): SourceOffset[] =>
  progress.map(({ partition, position }) => ({
    partition,
    offset: JSON.parse(JSON.stringify(position.toOffset())) as SourceOffset['offset'],
  }));

const plan: TablePlan = {
  table: 'public.a',
  plan: 'p1',
  kind: 'keys',
  fingerprint: 'f',
  bounds: [
    ['1', 'x'],
    ['2', "y'"],
  ],
  chunks: 3,
  filter: 'id > 3',
  signal: 's1',
};

describe('the stored state of a snapshot', () => {
  test('reads back what was written', () => {
    const whole = { id: 'p1', phase: 'planned', slot: 's', lsn: 0x1_0000_0010n, systemId: '7', timeline: 2 } as const;
    const progress = {
      plan: 'p1',
      done: new Set([0, 2]),
      after: ['1', 'ü'],
      again: ['k1', 'k2'],
      rows: 7,
      visible: '10:12:11',
      untilLsn: 5n,
      finished: false,
    };
    const offsets = stored([
      planProgress('srv', whole),
      tablePlanProgress('srv', plan),
      tableProgress('srv', 'public.a', progress),
      tablePlanProgress('other', { ...plan, table: 'public.b' }),
    ]);
    const state = readState('srv', offsets);
    expect(state.plan).toEqual(whole);
    expect([...state.tables]).toEqual([['public.a', { plan, progress }]]);
    for (const { offset } of offsets) {
      for (const value of Object.values(offset)) expect(['string', 'number', 'boolean']).toContain(typeof value);
    }
  });

  test('does not count progress of another plan', () => {
    const progress = { ...noProgress('old'), done: new Set([0]), finished: true };
    const state = readState(
      'srv',
      stored([tablePlanProgress('srv', plan), tableProgress('srv', 'public.a', progress)]),
    );
    expect(state.tables.get('public.a')?.progress).toEqual(noProgress('p1'));
  });

  test('is empty where nothing is stored, and ignores the offset of the stream', () => {
    const state = readState('srv', [{ partition: { server: 'srv' }, offset: { lsn: 1 } }]);
    expect(state).toEqual({ plan: undefined, tables: new Map(), forgotten: new Set() });
  });

  test('that is damaged is named', () => {
    const broken = stored([tablePlanProgress('srv', plan)]).map(({ partition, offset }) => ({
      partition,
      offset: { ...offset, bounds: '[' },
    }));
    expect(() => readState('srv', broken)).toThrow(/public\.a cannot be read/);
  });

  test('keeps sets of chunks short', () => {
    expect(writeRanges(new Set([0, 1, 2, 5, 7, 8]))).toBe('0-2,5,7-8');
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (numbers) => {
        expect(readRanges(writeRanges(new Set(numbers)))).toEqual(new Set(numbers));
      }),
    );
  });
});
