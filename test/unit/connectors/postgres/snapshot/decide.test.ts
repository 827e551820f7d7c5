import { describe, expect, test } from 'vitest';
import { decide, type Decision, type Situation } from '../../../../../connectors/postgres/snapshot/decide.ts';
import type { PlanState } from '../../../../../connectors/postgres/snapshot/state.ts';

const base: Situation = {
  mode: 'initial',
  slotName: 's',
  systemId: '7',
  streamed: false,
  plan: undefined,
  slot: undefined,
  adoptSlot: false,
};
const planned: PlanState = { id: 'p', phase: 'planned', slot: 's', lsn: 100n, systemId: '7', timeline: 1 };
const creating: PlanState = { ...planned, phase: 'creating', lsn: 0n };
const slot = { usable: true, confirmedLsn: 100n, user: 'inactive' };
const lost = { usable: false, confirmedLsn: 100n, user: 'inactive' };
const streamed = { streamed: true, flushLsn: 200n };
const goOn = (lsn: bigint, reread = false): Decision => ({ kind: 'go on', lsn, reread });
const fresh = (drop: boolean, read = true): Decision => ({ kind: 'fresh', drop, read });

const cases: readonly [string, Partial<Situation>, Decision][] = [
  ['a first start takes a snapshot', {}, fresh(false)],
  ['no_data only creates the slot', { mode: 'no_data' }, fresh(false, false)],
  ['a slot whose plan was never stored is replaced', { plan: creating, slot }, fresh(true)],
  ['an intent without a slot begins again', { plan: creating }, fresh(false)],
  ['a stored plan is resumed at its consistent point', { plan: planned, slot }, goOn(100n)],
  ['always reads again what a plan had', { mode: 'always', plan: planned, slot }, goOn(100n, true)],
  ['a slot lost before anything was streamed costs a new snapshot', { plan: planned, slot: lost }, fresh(true)],
  ['a slot gone before anything was streamed costs a new snapshot', { plan: planned }, fresh(false)],
  ['a stored offset is streamed from', { ...streamed, slot }, goOn(0n)],
  ['a slot that is gone is left to the stream to name', { ...streamed }, goOn(0n)],
  ['when_needed replaces a slot that is gone', { ...streamed, mode: 'when_needed' }, fresh(false)],
  ['when_needed replaces a slot that is lost', { ...streamed, mode: 'when_needed', slot: lost }, fresh(true)],
  [
    'when_needed replaces a slot that is ahead',
    { ...streamed, mode: 'when_needed', slot: { ...slot, confirmedLsn: 300n } },
    fresh(true),
  ],
  ['always reads again at every start', { ...streamed, mode: 'always', slot }, goOn(0n, true)],
  ['a slot is taken over by choice', { slot, adoptSlot: true }, goOn(100n, true)],
  ['a slot is taken over by when_needed', { slot, mode: 'when_needed' }, goOn(100n, true)],
  ['a plan of another slot does not count', { plan: { ...planned, slot: 'other' } }, fresh(false)],
];

describe('what a start does', () => {
  test.each(cases)('%s', (_, situation, expected) => {
    expect(decide({ ...base, ...situation })).toEqual(expected);
  });

  test.each([
    ['a slot without offsets', { slot }, 'POSTGRES_SLOT_WITHOUT_OFFSET'],
    ['a plan of another server', { plan: { ...planned, systemId: '8' }, slot }, 'POSTGRES_OTHER_SYSTEM'],
    ['a slot ahead of its plan', { plan: planned, slot: { ...slot, confirmedLsn: 101n } }, 'POSTGRES_SLOT_AHEAD'],
    [
      'a slot beside a plan of another slot',
      { plan: { ...planned, slot: 'other' }, slot },
      'POSTGRES_SLOT_WITHOUT_OFFSET',
    ],
  ] as readonly [string, Partial<Situation>, string][])('%s stops it', (_, situation, code) => {
    expect(() => decide({ ...base, ...situation })).toThrow(expect.objectContaining({ code, kind: 'position' }));
  });

  test('the slot of somebody else is left to them first of all, and they are named', () => {
    const used = { ...slot, user: 'in use by millrace shop, pid 7' };
    expect(() => decide({ ...base, slot: used })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('in use by millrace shop, pid 7'),
        remedy: expect.stringMatching(/^Give this connector a slot\.name of its own\..*drop it.*slot\.adopt/),
      }),
    );
  });
});
