import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import { findConnector } from '../../../../connectors/registry.ts';
import type { RawConfig } from '../../../../runtime/connector/options.ts';
import { configProblems } from '../config-problems.ts';

const read = (path: string): Promise<string> => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');

test.each(['config/s3-sink.json', 'config/file-archive.json'])('%s is a good configuration', async (path) => {
  const { config } = JSON.parse(await read(path)) as { config: RawConfig };
  expect(await findConnector(config['connector.class'] ?? '')?.load()).toBe(connector);
  expect(configProblems(connector, config)).toEqual([]);
});

test('the guide shows the example that is in config/', async () => {
  const guide = await read('docs/connectors/s3.md');
  expect(guide).toContain((await read('config/file-archive.json')).trim());
});
