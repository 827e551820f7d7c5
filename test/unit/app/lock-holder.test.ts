import { expect, it } from 'vitest';
import { lockHolder } from '../../../runtime/app/lock-holder.ts';
import { realEnv } from '../../../runtime/env/real.ts';

const LOCKS = `1: POSIX  ADVISORY  WRITE 22958 fe:00:10141820 22958 22958
2: POSIX  ADVISORY  READ 22958 fe:00:10141820 0 0
3: FLOCK  ADVISORY  WRITE 77 fe:00:10141821 0 EOF
4: POSIX  ADVISORY  WRITE 4711 fe:00:10141821 0 0
4: -> POSIX  ADVISORY  WRITE 99 fe:00:10141821 0 0
`;

async function holderOf(ino: bigint, locks: string | null = LOCKS): Promise<number | null> {
  const stat = await realEnv.files.stat('.');
  const files = {
    ...realEnv.files,
    stat: () => Promise.resolve(Object.assign(stat, { ino })),
    readFile: () => (locks === null ? Promise.reject(new Error('ENOENT')) : Promise.resolve(Buffer.from(locks))),
  };
  return lockHolder('/hub/hub.mdb-lock', { ...realEnv, files });
}

it('names the process that holds the store for itself, not those that share it or wait for it', async () => {
  expect(await holderOf(10141821n)).toBe(4711);
  expect(await holderOf(10141820n)).toBeNull();
});

it('names nobody where the system does not tell', async () => {
  expect(await holderOf(10141821n, null)).toBeNull();
});
