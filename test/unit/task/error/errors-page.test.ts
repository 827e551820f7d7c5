import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { RETRY } from '../../../../runtime/task/error/retry.ts';

test('docs/errors.md has every kind of error with what follows, and no other', async () => {
  const page = await readFile(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| `(\w+)` \| .* \| (retry|operator|never) \|$/gm);
  expect(Object.fromEntries([...rows].map(([, kind, next]) => [kind, next]))).toEqual(RETRY);
});
