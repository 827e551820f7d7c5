import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dateType, decimalPrecision, decimalScale, decimalType } from '../../../runtime/record/logical-types.ts';
import * as build from '../../../runtime/record/schema-builder.ts';
import { parseSchema, schemaId, schemaIdText, schemaJson } from '../../../runtime/record/schema-json.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import * as semantic from '../../../runtime/record/semantic-types.ts';
import { typedValue } from './arbitrary-values.ts';

const RECORDS = new URL('../../fixtures/debezium-postgres/records.jsonl', import.meta.url);

/** Every schema, of whole records and nested, that Debezium wrote. */
function recordedSchemas(): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (json: unknown): void => {
    if (typeof json !== 'object' || json === null) return;
    if ('type' in json && 'optional' in json) {
      const { field: _, ...schema } = json as Record<string, unknown>;
      const name = typeof schema['name'] === 'string' ? schema['name'] : String(schema['type']);
      found.set(JSON.stringify(schema), name);
    }
    for (const part of Object.values(json)) visit(part);
  };
  for (const line of readFileSync(RECORDS, 'utf8').split('\n').filter(Boolean)) {
    const { key, value } = JSON.parse(line) as { key: string | null; value: string | null };
    for (const text of [key, value]) {
      if (text !== null) visit((JSON.parse(text) as { schema?: unknown }).schema);
    }
  }
  return found;
}

describe('schema JSON', () => {
  test('of every recorded schema is the same text again', () => {
    const schemas = recordedSchemas();
    expect(schemas.size).toBeGreaterThan(100);
    for (const json of schemas.keys()) expect(schemaJson(parseSchema(json))).toBe(json);
  });

  test('of any schema is read back', () => {
    fc.assert(
      fc.property(typedValue, ({ schema, value }) => {
        const full: Schema = {
          ...schema,
          doc: 'a "doc"',
          version: 3,
          parameters: { ...schema.parameters, b: '1', a: 'ü' },
          defaultValue: value,
        };
        const parsed = parseSchema(schemaJson(full));
        expect(schemaJson(parsed)).toBe(schemaJson(full));
        expect(parsed.defaultValue ?? null).toEqual(value);
      }),
    );
  });

  test('has its members in Connect’s order', () => {
    const schema = build.structOf(
      [
        build.field('a', build.arrayOf(build.INT8, { optional: true })),
        build.field('m', build.mapOf(build.STRING, build.OPTIONAL_BYTES)),
        build.field('d', decimalType(2, 10, { doc: 'money', defaultValue: null })),
      ],
      { name: 'n', version: 2 },
    );
    expect(schemaJson(schema)).toBe(
      '{"type":"struct","fields":[{"type":"array","items":{"type":"int8","optional":false},"optional":true,"field":"a"},' +
        '{"type":"map","keys":{"type":"string","optional":false},"values":{"type":"bytes","optional":true},"optional":false,"field":"m"},' +
        '{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,"doc":"money",' +
        '"parameters":{"scale":"2","connect.decimal.precision":"10"},"field":"d"}],"optional":false,"name":"n","version":2}',
    );
  });

  test.each([
    ['[]', 'must be an object'],
    ['{"type":"int9"}', 'unknown schema type'],
    ['{"type":"struct","fields":[{"type":"int8"}]}', 'needs a name'],
    ['{"type":"struct"}', 'needs fields'],
    ['{"type":"int8","parameters":{"a":1}}', 'must be strings'],
    ['{"type":"array"}', 'must be an object'],
    ['{"type":"int8","version":"1"}', 'must be a number'],
  ])('%s is refused', (json, message) => {
    expect(() => parseSchema(json)).toThrow(expect.objectContaining({ kind: 'data' }));
    expect(() => parseSchema(json)).toThrow(message);
  });
});

describe('schema ids', () => {
  test('are pinned: stored records name schemas by them', () => {
    expect(schemaIdText(build.INT32)).toBe('98bec8b5590aec4a');
    expect(schemaId(build.INT32)).toHaveLength(8);
  });

  test('differ where schemas differ', () => {
    expect(schemaIdText(dateType())).not.toBe(schemaIdText(semantic.dateOf()));
    expect(schemaIdText(build.INT32)).toBe(schemaIdText({ type: 'int32', optional: false }));
  });
});

describe('semantic types', () => {
  test.each<[string, (json: { name: string; parameters?: Record<string, string> }) => Schema]>([
    ['io.debezium.time.Date', () => semantic.dateOf()],
    ['io.debezium.time.MicroTime', () => semantic.microTimeOf()],
    ['io.debezium.time.MicroTimestamp', () => semantic.microTimestampOf()],
    ['io.debezium.time.Timestamp', () => semantic.timestampOf()],
    ['io.debezium.time.ZonedTimestamp', () => semantic.zonedTimestampOf()],
    ['io.debezium.time.ZonedTime', () => semantic.zonedTimeOf()],
    ['io.debezium.time.MicroDuration', () => semantic.microDurationOf()],
    ['io.debezium.time.Interval', () => semantic.intervalOf()],
    ['io.debezium.data.Json', () => semantic.jsonOf()],
    ['io.debezium.data.Uuid', () => semantic.uuidOf()],
    ['io.debezium.data.Xml', () => semantic.xmlOf()],
    ['io.debezium.data.Ltree', () => semantic.ltreeOf()],
    ['io.debezium.data.Tsvector', () => semantic.tsvectorOf()],
    ['io.debezium.data.Bits', ({ parameters }) => semantic.bitsOf(Number(parameters?.['length']))],
    ['io.debezium.data.Enum', () => semantic.enumOf(['sad', 'ok', 'happy'])],
    ['io.debezium.data.VariableScaleDecimal', () => semantic.variableScaleDecimalOf()],
    ['io.debezium.data.geometry.Point', () => semantic.pointOf()],
  ])('%s is as Debezium writes it', (name, make) => {
    const recorded = [...recordedSchemas()].filter(([, found]) => found === name).map(([json]) => json);
    const made = recorded.map((json) => {
      const parsed = JSON.parse(json) as { name: string; parameters?: Record<string, string>; optional: boolean };
      return schemaJson({ ...make(parsed), optional: parsed.optional });
    });
    expect(recorded.length).toBeGreaterThan(0);
    expect(recorded.some((json) => made.includes(json))).toBe(true);
  });

  test('a comma within a label has a backslash before it', () => {
    expect(semantic.enumOf(['a', 'b,c', 'ü']).parameters).toEqual({ allowed: 'a,b\\,c,ü' });
  });

  test('a decimal tells its scale and precision', () => {
    expect([
      decimalScale(decimalType(3, 9)),
      decimalPrecision(decimalType(3, 9)),
      decimalPrecision(decimalType(0)),
    ]).toEqual([3, 9, undefined]);
  });
});
