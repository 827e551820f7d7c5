import { expect, test } from 'vitest';
import { OutOfSight } from '../../../../../connectors/postgres/snapshot/out-of-sight.ts';

const named = (oid: number, name: string) => ({ oid, schema: 'public', name });

test('a captured table that is written to under another name is out of sight until a plan has read it', () => {
  const sight = new OutOfSight();
  expect(sight.captured(named(1, 'a'))).toBe(false);
  sight.left(1);
  expect([sight.has(1), sight.names()]).toEqual([true, ['public.a']]);
  sight.reading(1, 'plan');
  expect([sight.has(1), sight.names()]).toEqual([false, ['public.a']]);
  sight.finished('plan');
  expect(sight.names()).toEqual([]);
  expect(sight.captured(named(1, 'a'))).toBe(false);
});

test('changes that pass after a plan has begun ask for another one', () => {
  const sight = new OutOfSight();
  sight.captured(named(1, 'a'));
  sight.left(1);
  sight.reading(1, 'first');
  sight.left(1);
  sight.finished('first');
  expect(sight.has(1)).toBe(true);
});

test('a table that was never captured is remembered by its oid alone, until it takes a captured name', () => {
  const sight = new OutOfSight();
  sight.left(2);
  expect([sight.has(2), sight.names()]).toEqual([true, []]);
  expect(sight.captured(named(2, 'a'))).toBe(true);
  expect(sight.names()).toEqual(['public.a']);
});

test('another captured name makes both names unknown', () => {
  const sight = new OutOfSight();
  sight.captured(named(1, 'a'));
  expect(sight.captured(named(1, 'b'))).toBe(true);
  expect([...sight.names()].sort()).toEqual(['public.a', 'public.b']);
});
