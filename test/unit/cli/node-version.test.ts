import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { nodeProblem, OLDEST_NODE } from '../../../runtime/cli/node-version.ts';

it('is the one that package.json names', async () => {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  expect((JSON.parse(manifest) as { engines: object }).engines).toEqual({ node: `>=${OLDEST_NODE}` });
});

it.each(['22.18.0', '22.19.1', '24.0.0', '26.1.0'])('%s will do', (version) => {
  expect(nodeProblem(version)).toBeNull();
});

it.each(['18.20.0', '20.20.2', '22.17.9'])('%s is told what is needed, in one line', (version) => {
  expect(nodeProblem(version)).toMatch(
    /^millrace needs Node 22\.18 or newer, and this is [^\n]*npm install node@24[^\n]*$/,
  );
});
