import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { validateConfig } from '../../../runtime/connector/validate.ts';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';
import {
  arrayOf,
  BOOLEAN,
  INT64,
  OPTIONAL_INT64,
  OPTIONAL_STRING,
  optional,
  STRING,
  structOf,
} from '../../../runtime/record/schema-builder.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { struct, type Value } from '../../../runtime/record/value.ts';
import { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import { PREDICATES, TRANSFORMS } from '../../../runtime/transform/registry.ts';
import { fileSource } from '../cluster/file-stream.ts';
import { chained, loose } from './records.ts';

const page = readFileSync(new URL('../../../docs/transforms.md', import.meta.url), 'utf8');

type Json = { readonly [member: string]: unknown };

/** A configuration of the page, and the records shown with it. */
const examples = [...page.matchAll(/```json\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g)].map(
  ([, config = '', lines = '']) => {
    const shown = (word: string): Json[] =>
      lines.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [JSON.parse(line.slice(4)) as Json] : []));
    return { config: JSON.parse(config) as Record<string, string>, input: shown('in'), output: shown('out') };
  },
);

function recordOf(json: Json): TransformRecord {
  const event = 'op' in json;
  const valueSchema = event ? envelope(json) : null;
  return new TransformRecord({
    topic: String(json['topic'] ?? 'shop.public.orders'),
    keySchema: isObject(json['key']) ? schemaOf(json['key']) : null,
    key: isObject(json['key']) ? typed(json['key']) : loose(json['key'] ?? null),
    valueSchema,
    value: event
      ? struct({
          before: typed(json['before']),
          after: typed(json['after']),
          source: struct({ table: 'orders' }),
          op: json['op'] as string,
          ts_ms: 1n,
        })
      : loose(json['value']),
    headers: Object.entries((json['headers'] ?? {}) as Json).map(([key, value]) => ({
      key,
      schema: STRING,
      value: value as string,
    })),
    timestampMs: json['timestamp'] as number | undefined,
  });
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function envelope(json: Json): Schema {
  const row = optional(schemaOf(json['after'] ?? json['before']));
  const fields = {
    before: row,
    after: row,
    source: structOf([{ name: 'table', schema: STRING }]),
    op: STRING,
    ts_ms: OPTIONAL_INT64,
  };
  return structOf(
    Object.entries(fields).map(([name, schema]) => ({ name, schema })),
    { name: 'shop.Envelope' },
  );
}

function schemaOf(json: unknown): Schema {
  if (typeof json === 'number') return INT64;
  if (typeof json === 'boolean') return BOOLEAN;
  if (Array.isArray(json)) return arrayOf(STRING);
  if (!isObject(json)) return OPTIONAL_STRING;
  return structOf(Object.entries(json).map(([name, item]) => ({ name, schema: schemaOf(item) })));
}

function typed(json: unknown): Value {
  if (typeof json === 'number') return BigInt(json);
  return isObject(json)
    ? struct(Object.fromEntries(Object.entries(json).map(([name, item]) => [name, typed(item)])))
    : ((json as Value) ?? null);
}

/** Values as JSON again. */
function plain(value: Value): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map((item) => plain(item as Value));
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item as Value)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item as Value)]));
}

/** What the page shows of a record. */
function shown(record: TransformRecord, like: Json): Json {
  const headers = Object.fromEntries(record.headers.map(({ key, value }) => [key, plain(value)]));
  const all: Json = {
    topic: record.topic,
    key: plain(record.key),
    value: plain(record.value),
    timestamp: record.timestampMs,
    ...(record.headers.length === 0 ? {} : { headers }),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in like || name === 'headers'));
}

describe('docs/transforms.md', () => {
  test.each(examples.map((example) => [example.config, example] as const))(
    '%j works as pasted',
    async (config, { input, output }) => {
      await builtInCatalog.prepare?.();
      const whole = { name: 'c', 'connector.class': 'FileStreamSource', topic: 't', ...config };
      expect(validateConfig(fileSource, whole, builtInCatalog).errors).toEqual([]);
      const made = input.flatMap((json) => chained(config, recordOf(json)));
      expect(made.map((record, i) => shown(record, output[i] ?? {}))).toEqual(output);
    },
  );

  test('has every transform and predicate', () => {
    const missing = [...TRANSFORMS, ...PREDICATES].filter(({ name }) => !page.includes(name)).map(({ name }) => name);
    expect(missing).toEqual([]);
  });
});
