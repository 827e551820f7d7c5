import { describe, expect, test } from 'vitest';
import type { StoredOffset } from '../../../../../connectors/postgres/offset.ts';
import type { MillraceError } from '../../../../../runtime/record/error.ts';
import { checkResume, gap, type ServerIdentity } from '../../../../../connectors/postgres/slot/resume-check.ts';
import type { SlotState } from '../../../../../connectors/postgres/slot/slot.ts';
import { forkOf } from '../../../../../connectors/postgres/stream/prepare.ts';
import { retentionWarning } from '../../../../../connectors/postgres/stream/slot-monitor.ts';

const stored: StoredOffset = {
  place: { flushLsn: 1000n, commitLsn: 1000n, index: 0 },
  identity: { systemId: '1', timeline: 2, slot: 's' },
  eventLsn: undefined,
};
const server: ServerIdentity = { systemId: '1', timeline: 2, database: 'd', currentLsn: 5000n };
const slot: SlotState = {
  name: 's',
  plugin: 'pgoutput',
  database: 'd',
  active: false,
  activePid: undefined,
  activeName: undefined,
  restartLsn: 900n,
  confirmedFlushLsn: 1000n,
  walStatus: 'reserved',
  safeWalSize: undefined,
  retainedBytes: 4100,
  lagBytes: 4000,
  invalidation: undefined,
  twoPhase: false,
  currentLsn: 5000n,
};

/** The code that resuming is refused with; null: it is not. */
function refusal(offset: StoredOffset, at: ServerIdentity, found: SlotState): string | null {
  try {
    checkResume(offset, at, found, 's');
    return null;
  } catch (error) {
    return (error as MillraceError).code;
  }
}

describe('resuming is a comparison', () => {
  test('a slot at or behind the offset fits, one a byte ahead does not', () => {
    const at = (confirmedFlushLsn: bigint) => refusal(stored, server, { ...slot, confirmedFlushLsn });
    expect([at(500n), at(1000n), at(1001n)]).toEqual([null, null, 'POSTGRES_SLOT_AHEAD']);
  });

  test('an offset that names no server is not held against one', () => {
    const other = { ...server, systemId: '9', timeline: 3 };
    expect(refusal(stored, other, slot)).toBe('POSTGRES_OTHER_SYSTEM');
    expect(refusal({ ...stored, identity: undefined }, other, slot)).toBeNull();
  });

  test('a failover that this offset was read before goes on; one read after it does not', () => {
    const promoted = { ...server, timeline: 3, forkLsn: 1000n };
    expect(refusal(stored, promoted, slot)).toBeNull();
    expect(() => checkResume(stored, { ...promoted, forkLsn: 999n }, slot, 's')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_OTHER_TIMELINE', kind: 'position' }),
    );
    expect(() => checkResume(stored, { ...server, timeline: 3 }, slot, 's')).toThrow(/no ancestor/);
  });

  test.each([
    ['POSTGRES_SLOT_MISSING', server, undefined, /0\/3E8.*0\/1388.*3\.9 KiB/],
    ['POSTGRES_SLOT_AHEAD', server, { ...slot, confirmedFlushLsn: 3000n }, /0\/BB8.*0\/3E8.*2\.0 KiB/],
    ['POSTGRES_SLOT_LOST', server, { ...slot, walStatus: 'lost' }, /invalidated.*0\/3E8.*0\/1388/],
    ['POSTGRES_SLOT_LOST', server, { ...slot, invalidation: 'idle_timeout' }, /idle_timeout/],
    ['POSTGRES_SLOT_PLUGIN', server, { ...slot, plugin: 'wal2json' }, /wal2json/],
    ['POSTGRES_SLOT_DATABASE', server, { ...slot, database: 'other' }, /other/],
    ['POSTGRES_OTHER_SYSTEM', { ...server, systemId: '9' }, slot, /system identifier 1; this one is 9/],
    ['POSTGRES_SERVER_BEHIND', { ...server, currentLsn: 100n }, slot, /900 bytes beyond/],
  ] as const)('%s', (code, at, found, text) => {
    const run = () => checkResume(stored, at, found, 's');
    expect(run).toThrow(expect.objectContaining({ code }));
    expect(run).toThrow(text);
    expect(run).toThrow(expect.objectContaining({ remedy: expect.stringMatching(/.{20}/) }));
  });

  test('a timeline history names where each ancestor ended', () => {
    const history = '1\t0/3000060\tno recovery target specified\n\n2\t0/5000000\tbefore 2000-01-01\n';
    expect(forkOf(history, 2)).toBe(0x5000000n);
    expect(forkOf(history, 1)).toBe(0x3000060n);
    expect(forkOf(history, 7)).toBeUndefined();
  });
});

describe('figures', () => {
  test('a gap is shown in a unit a person reads', () => {
    expect(gap(0n, 1023n)).toBe('1023 bytes');
    expect(gap(0n, 1536n)).toBe('1.5 KiB');
    expect(gap(0n, 3n << 30n)).toBe('3.0 GiB');
    expect(gap(5n, 1n)).toBe('0 bytes');
  });

  test('a warning comes before max_slot_wal_keep_size is reached', () => {
    expect(retentionWarning({ ...slot, retainedBytes: 69 }, 100, 0.7)).toBeNull();
    expect(retentionWarning({ ...slot, retainedBytes: 70 }, 100, 0.7)).toContain('max_slot_wal_keep_size');
    expect(retentionWarning({ ...slot, retainedBytes: 1e9 }, undefined, 0.7)).toBeNull();
    expect(retentionWarning({ ...slot, walStatus: 'unreserved' }, undefined, 0.7)).toContain('unreserved');
  });
});
