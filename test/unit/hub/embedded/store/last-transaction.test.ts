import { expect, it, onTestFinished } from 'vitest';
import { realEnv as env } from '../../../../../runtime/env/real.ts';
import { LastTransaction } from '../../../../../runtime/hub/embedded/store/last-transaction.ts';
import { Store } from '../../../../../runtime/hub/embedded/store/store.ts';
import { scratch } from '../harness.ts';

const LOCK_TXNID_AT = 8;

/** A store with three commits, and what another process does to it when its opening meets the last of them. */
async function putBack(by: number) {
  const store = new Store(await scratch());
  const lock = env.files.openInPlace(`${store.path}-lock`, 'r+');
  store.keep(LastTransaction.open(store.path, env));
  onTestFinished(() => store.close());
  for (const seq of [1, 2, 3]) store.commit(true, () => store.putSeq(seq));
  const number = lock.read(LOCK_TXNID_AT, 8);
  number.writeBigUInt64LE(number.readBigUInt64LE() - BigInt(by));
  lock.write(LOCK_TXNID_AT, number);
  return store;
}

it.each([1, 2])('commits behind the last commit where the store was put back by %d', async (by) => {
  const store = await putBack(by);
  let held = 0;
  store.commit(true, () => {
    held = store.seq();
    store.putSeq(held + 1);
  });
  expect(held).toBe(3);
  expect(store.read(() => store.seq())).toBe(4);
});

it('answers a snapshot that is as new as what is known to be synced', async () => {
  const store = await putBack(1);
  expect(store.read(() => store.seq())).toBe(2);
  store.neverBehind(() => 3);
  expect(store.read(() => store.seq())).toBe(3);
});

it('has a reader without the writer wait, and say so when nobody comes', async () => {
  const store = await putBack(1);
  const reader = new Store(store.path.slice(0, store.path.lastIndexOf('/')));
  onTestFinished(() => reader.close());
  reader.neverBehind(() => 3);
  expect(() => reader.read(() => reader.seq())).toThrow(/shows an older commit than 3/);
});
