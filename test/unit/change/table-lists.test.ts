import { describe, expect, it } from 'vitest';
import { TableLists } from '../../../runtime/change/table-lists.ts';

const NO_LISTS = { include: [], exclude: [] };
const OPTIONS = { spaces: NO_LISTS, tableInclude: [], tableExclude: [], columnInclude: [], columnExclude: [] };
const SPACES = { word: 'schema', isBuiltIn: (space: string) => space === 'own' } as const;

describe('The include and exclude lists', () => {
  it('let everything in where there are none, but for what is the database’s own', () => {
    const { captures } = new TableLists(OPTIONS, SPACES);
    expect([captures('shop', 'orders'), captures('own', 'orders')]).toEqual([true, false]);
  });

  it('let nothing of the database’s own in, also where it is named', () => {
    const { captures } = new TableLists({ ...OPTIONS, tableInclude: ['own.orders'] }, SPACES);
    expect(captures('own', 'orders')).toBe(false);
  });

  it('have to let both the table and its schema in', () => {
    const lists = new TableLists(
      { ...OPTIONS, spaces: { include: ['shop', 'stock'], exclude: [] }, tableExclude: ['shop\\.audit'] },
      SPACES,
    );
    expect(lists.captures('shop', 'orders')).toBe(true);
    expect(lists.captures('shop', 'audit')).toBe(false);
    expect(lists.captures('other', 'orders')).toBe(false);
    expect([lists.capturesSpace('stock'), lists.capturesSpace('other')]).toEqual([true, false]);
  });

  it('leave out columns by their full names', () => {
    const lists = new TableLists({ ...OPTIONS, columnExclude: ['shop.orders.card'] }, SPACES);
    expect([lists.shows('shop.orders', 'card'), lists.shows('shop.orders', 'id')]).toEqual([false, true]);
  });

  it('name the option that cannot be understood', () => {
    const options = { ...OPTIONS, spaces: { include: [], exclude: ['('] } };
    expect(() => new TableLists(options, SPACES)).toThrow('schema.exclude.list');
  });
});
