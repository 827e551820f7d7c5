import { describe, expect, it } from 'vitest';
import { readApply, readPlan } from '../../../runtime/rest/plan-request.ts';
import { readRewind } from '../../../runtime/rest/rewind-request.ts';
import { neededRole } from '../../../runtime/rest/roles.ts';

const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const one = { name: 'shop', config: { 'tasks.max': 1 } };

describe('the body of a plan', () => {
  it('has its defaults', () => {
    expect(readPlan(body({ connectors: [one] }))).toEqual({
      connectors: [{ name: 'shop', config: { 'tasks.max': '1' } }],
      prune: false,
      sample: 100,
      check: true,
    });
    expect(readApply(body({ connectors: [one], hash: 'h', prune: true }))).toMatchObject({ hash: 'h', prune: true });
  });

  it.each([
    [{}, 'connectors must be an array'],
    [{ connectors: [{ config: {} }] }, 'a connector must have a name'],
    [{ connectors: [{ name: 'a' }] }, 'the config of a is missing: a JSON object is needed'],
    [{ connectors: [one], sample: -1 }, 'sample must be a whole number'],
    [{ connectors: [one], sample: 10_001 }, 'sample must be a whole number'],
    [{ connectors: [one], prune: 'yes' }, 'prune must be true or false'],
    [{ connectors: [one], prun: true }, 'Unrecognized field "prun"'],
  ])('%j is refused: %s', (given, message) => {
    expect(() => readPlan(body(given))).toThrow(message);
  });

  it('is nothing to apply without the hash of a plan', () => {
    expect(() => readApply(body({ connectors: [one] }))).toThrow('hash must be the hash of a plan');
  });
});

describe('the body of a rewind', () => {
  it.each([
    [{ offset: 3 }, { kind: 'offset', offset: 3n }],
    [{ offset: '12345678901234567' }, { kind: 'offset', offset: 12345678901234567n }],
    [{ offsets: { 'a-0': '1' } }, { kind: 'offsets', offsets: new Map([['a-0', 1n]]) }],
    [{ time: '2026-01-31T12:00:00Z' }, { kind: 'time', timeMs: 1769860800000 }],
    [{ time: 5 }, { kind: 'time', timeMs: 5 }],
    [{ lsn: '0/1' }, { kind: 'lsn', lsn: '0/1' }],
    [{ binlog: ' binlog.000003:4 ' }, { kind: 'binlog', binlog: 'binlog.000003:4' }],
  ])('%j names a place', (given, to) => {
    expect(readRewind(body(given))).toEqual({ to, dryRun: false });
    expect(readRewind(body({ ...given, dry_run: true })).dryRun).toBe(true);
  });

  it.each([
    [{}, 'one of time, offset, offsets, lsn'],
    [{ offset: 1, lsn: '0/1' }, 'one of time, offset, offsets, lsn'],
    [{ offset: -1 }, 'whole number'],
    [{ offset: 1.5 }, 'whole number'],
    [{ offsets: {} }, 'offsets must be an object'],
    [{ offsets: { 'a-0': 'x' } }, 'a-0: an offset'],
    [{ offset: 1e30 }, 'whole number'],
    [{ offset: 2 ** 53 }, 'as a text'],
    [{ offset: '9'.repeat(19) }, 'whole number'],
    [{ offset: true }, 'whole number'],
    [{ offset: null }, 'whole number'],
    [{ offsets: { 'a-0': 1e300 } }, 'a-0: an offset'],
    [{ time: 'yesterday' }, 'ISO 8601'],
    [{ time: 1e300 }, 'epoch milliseconds'],
    [{ time: 8640000000000001 }, 'epoch milliseconds'],
    [{ time: '+275760-09-13T00:00:00.001Z' }, 'ISO 8601'],
    [{ time: 1.5 }, 'epoch milliseconds'],
    [{ time: -1 }, 'epoch milliseconds'],
    [{ time: Number.NaN }, 'epoch milliseconds'],
    [{ time: {} }, 'epoch milliseconds'],
    [{ lsn: 5 }, 'lsn must be a text'],
    [{ lsn: '' }, 'lsn must be a text'],
    [{ lsn: 'zz/1' }, 'lsn must be a text'],
    [{ lsn: '123456789/0' }, 'lsn must be a text'],
    [{ offset: 1, dry_run: 1 }, 'dry_run must be true or false'],
    [{ ofset: 1 }, 'Unrecognized field "ofset"'],
  ])('%j is refused: %s', (given, message) => {
    expect(() => readRewind(body(given))).toThrow(message);
  });
});

it.each(['/plan', '/apply', '/connectors/:connector/rewind'])('%s is an admin’s', (route) => {
  expect(neededRole('POST', route)).toBe('admin');
});
