import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planHash, planKey, type HashedConnector } from '../../../../runtime/app/plan/plan-hash.ts';
import { realEnv } from '../../../../runtime/env/real.ts';

const key = Buffer.alloc(32, 1);
const shop: HashedConnector = { name: 'shop', current: { a: '1', b: '2' }, proposed: { a: '2' }, version: '1.0' };
const other: HashedConnector = { name: 'other', current: null, proposed: { c: '3' }, version: '1.0' };

describe('the hash of a plan', () => {
  it('does not depend on the order of connectors or keys', () => {
    const turned = { ...shop, current: { b: '2', a: '1' } };
    expect(planHash(key, [other, turned])).toBe(planHash(key, [shop, other]));
  });

  it.each<[string, HashedConnector]>([
    ['what is stored', { ...shop, current: { a: '1' } }],
    ['that nothing is stored', { ...shop, current: null }],
    ['what is proposed', { ...shop, proposed: { a: '3' } }],
    ['that it is deleted', { ...shop, proposed: null }],
    ['the version of the connector', { ...shop, version: '1.1' }],
    ['its name', { ...shop, name: 'shop2' }],
  ])('changes with %s', (_what, changed) => {
    expect(planHash(key, [changed])).not.toBe(planHash(key, [shop]));
  });

  it('tells nothing to who has not the hub’s key', () => {
    expect(planHash(Buffer.alloc(32, 2), [shop])).not.toBe(planHash(key, [shop]));
  });

  it('has a key that stays with the hub, for its owner alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-plan-key-'));
    try {
      const made = await planKey(realEnv, folder);
      expect(made).toHaveLength(32);
      expect(await planKey(realEnv, folder)).toEqual(made);
      expect((await stat(join(folder, 'plan.key'))).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
