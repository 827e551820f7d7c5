import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { staleFiles } from '../../generate/reference.ts';

function schema(path: string): object {
  return JSON.parse(readFileSync(new URL(`../../../schemas/${path}.schema.json`, import.meta.url), 'utf8')) as object;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });

describe('generated files', () => {
  it('are what the code says', async () => {
    expect(await staleFiles()).toEqual([]);
  });

  it('the schema of the postgres source takes a good configuration and refuses a wrong value', () => {
    const validate = ajv.compile(schema('connectors/postgres'));
    const good = {
      'connector.class': 'postgres',
      'database.hostname': 'h',
      'database.user': 'u',
      'database.dbname': 'd',
      'topic.prefix': 'p',
      'database.port': '5432',
      'tasks.max': 1,
    };
    expect([validate(good), validate.errors]).toEqual([true, null]);
    expect(validate({ ...good, 'snapshot.mode': 'sometimes' })).toBe(false);
    expect(validate({ ...good, 'database.port': 'many' })).toBe(false);
  });

  it('the schema of the worker takes an empty configuration', () => {
    const validate = ajv.compile(schema('worker'));
    expect(validate({})).toBe(true);
    expect(validate({ 'offset.flush.interval.ms': 0 })).toBe(false);
  });
});
