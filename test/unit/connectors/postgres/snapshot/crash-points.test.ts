import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SNAPSHOT_CRASH_POINTS } from '../../../../../connectors/postgres/snapshot/crash-points.ts';

test('every place of the connector where a crash test may kill is in the list that the crash tests run', () => {
  const root = new URL('../../../../../connectors/postgres/', import.meta.url).pathname;
  const places = globSync('**/*.ts', { cwd: root }).flatMap((file) =>
    [...readFileSync(`${root}${file}`, 'utf8').matchAll(/crash\?\.\('([^']+)'\)/g)].map(([, place]) => place),
  );
  expect(places.sort()).toEqual([...SNAPSHOT_CRASH_POINTS].sort());
});
