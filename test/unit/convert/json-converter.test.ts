import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JsonConverter } from '../../../runtime/convert/json-converter.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { INT32, STRING } from '../../../runtime/record/schema-builder.ts';

const RECORDS = new URL('../../fixtures/debezium-postgres/records.jsonl', import.meta.url);
const recorded = readFileSync(RECORDS, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as { topic: string; key: string | null; value: string | null });

describe('the JSON converter', () => {
  test('reads and writes every recorded key and value of Kafka Connect, byte for byte', () => {
    const converter = new JsonConverter({});
    let compared = 0;
    for (const { topic, key, value } of recorded) {
      for (const text of [key, value]) {
        const bytes = text === null ? null : Buffer.from(text);
        const datum = converter.decode(topic, bytes, []);
        const again = converter.encode(topic, datum);
        expect(again === null ? null : Buffer.from(again).toString('utf8')).toBe(text);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(600);
  });

  test('without schemas the same payload is written and read with the schema from elsewhere', () => {
    const enveloped = new JsonConverter({});
    const plain = new JsonConverter({ 'schemas.enable': 'false' });
    for (const { topic, value } of recorded) {
      if (value === null) continue;
      const datum = enveloped.decode(topic, Buffer.from(value), []);
      const bytes = plain.encode(topic, datum);
      expect(Buffer.from(bytes ?? []).toString('utf8')).toBe(value.slice(value.indexOf(',"payload":') + 11, -1));
      expect(plain.decode(topic, bytes, [], datum.schema ?? undefined)).toEqual(datum);
    }
  });

  test('one schema text gives one schema instance', () => {
    const converter = new JsonConverter({});
    const envelopes = recorded.filter(({ value }) => value !== null).slice(0, 2);
    const [a, b] = envelopes.map(({ topic, value }) => converter.decode(topic, Buffer.from(value ?? ''), []).schema);
    expect(a).toBe(b);
  });

  test('nothing is nothing, a null of a schema is the text null', () => {
    const plain = new JsonConverter({ 'schemas.enable': 'false' });
    expect(plain.encode('t', { schema: null, value: null })).toBeNull();
    expect(new JsonConverter({}).encode('t', { schema: null, value: null })).toBeNull();
    const optional = { ...STRING, optional: true };
    expect(Buffer.from(plain.encode('t', { schema: optional, value: null }) ?? []).toString()).toBe('null');
    expect(plain.decode('t', null, [])).toEqual({ schema: null, value: null });
  });

  test('decimal.format=NUMERIC writes numbers, defaults in schemas too', () => {
    const converter = new JsonConverter({ 'decimal.format': 'numeric' });
    const schema = { ...decimalType(2), defaultValue: new Decimal(150n, 2) };
    expect(Buffer.from(converter.encode('t', { schema, value: new Decimal(-5n, 2) }) ?? []).toString()).toBe(
      '{"schema":{"type":"bytes","optional":false,"name":"org.apache.kafka.connect.data.Decimal","version":1,' +
        '"parameters":{"scale":"2"},"default":1.50},"payload":-0.05}',
    );
  });

  test.each(['5', '{"payload":1}', '{"schema":null,"payload":1,"x":2}'])(
    '%s has no envelope: the error says what to do',
    (text) => {
      expect(() => new JsonConverter({}).decode('t', Buffer.from(text), [])).toThrow(
        expect.objectContaining({
          code: 'CONVERT_NO_ENVELOPE',
          kind: 'data',
          remedy: expect.stringContaining('schemas.enable=false'),
        }),
      );
    },
  );

  test('the payload may stand before its schema, and a null schema is none', () => {
    const converter = new JsonConverter({});
    expect(converter.decode('t', Buffer.from('{"payload":7,"schema":{"type":"int32","optional":false}}'), [])).toEqual({
      schema: INT32,
      value: 7,
    });
    expect(converter.decode('t', Buffer.from('{"schema":null,"payload":[1]}'), [])).toEqual({
      schema: null,
      value: [1],
    });
  });

  test('a sink may pass values on unread only without envelopes', () => {
    expect(new JsonConverter({})).toMatchObject({ encoding: 'other', schemaHeader: false });
    expect(new JsonConverter({ 'schemas.enable': 'false' })).toMatchObject({ encoding: 'json', schemaHeader: true });
  });
});
