import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';
import { parseConnectorFile } from '../../../runtime/app/connector-files.ts';
import { validateConfig } from '../../../runtime/connector/validate.ts';
import { workerSettings } from '../../../runtime/settings/worker-settings.ts';
import { parseProperties } from '../../../runtime/settings/properties.ts';

const folder = new URL('../../../config/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('grafana'));

describe('the examples in config/', () => {
  it.each(files.filter((name) => name.endsWith('.json')))('%s is a good connector configuration', async (name) => {
    const { config, name: connectorName } = parseConnectorFile(name, readFileSync(new URL(name, folder), 'utf8'));
    const connector = await builtInCatalog.connector(config['connector.class'] ?? '');
    if (connector === null) throw new Error(`${name} names no connector`);
    await builtInCatalog.prepare?.();
    const { errors, unknown } = validateConfig(connector, { name: connectorName, ...config }, builtInCatalog);
    expect({ errors, unknown }).toEqual({ errors: [], unknown: [] });
  });

  it.each(['database.server.id', 'topic.prefix'])('MySQL sources can run beside each other: %s', (key) => {
    const given = files
      .filter((name) => name.endsWith('.json'))
      .map((name) => parseConnectorFile(name, readFileSync(new URL(name, folder), 'utf8')).config)
      .filter((config) => config['database.server.id'] !== undefined)
      .map((config) => config[key]);
    expect(given.length).toBeGreaterThan(1);
    expect(new Set(given).size).toBe(given.length);
  });

  it.each(files.filter((name) => name.endsWith('.properties')))('%s is a good worker configuration', (name) => {
    const { ignored } = workerSettings(parseProperties(readFileSync(new URL(name, folder), 'utf8')));
    expect(ignored).toEqual([]);
  });
});
