import { describe, expect, test } from 'vitest';
import { abandoned, discardable } from '../../../../../connectors/elasticsearch/index/shadows.ts';

describe('the indexes of a build', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['nothing leads to', [], ['orders-20260101000000']],
    ['its name leads to', ['orders'], []],
    ['its name leads to beside others', ['all', 'orders'], []],
    ['another name leads to, as a template may have it', ['all'], ['orders-20260101000000']],
  ])('of which one is what %s', (_, aliases, removed) => {
    const shadows = { 'orders-20260101000000': aliases, 'items-20260101000000': ['items'] };
    expect(discardable(shadows, '-20260101000000')).toEqual(removed);
  });
});

describe('what builds of a name left behind', () => {
  test.each<[string, readonly string[], boolean]>([
    ['orders-20250101000000', [], true],
    ['orders-20250101000000', ['orders'], false],
    ['orders-20250101000000', ['archive'], false],
    ['orders-20260101000000', [], false],
    ['orders-2025', [], false],
    ['orders-x-20250101000000', [], false],
    ['orders.20250101000000', [], false],
  ])('%s with the aliases %j: %s', (index, aliases, is) => {
    expect(abandoned({ [index]: aliases }, 'orders', '-20260101000000')).toEqual(is ? [index] : []);
  });
});
