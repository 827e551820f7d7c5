import fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelopeSlices } from '../../../../../connectors/elasticsearch/document/envelope-slices.ts';

function sliced(text: string): { op: string; after: string } | null {
  const found = envelopeSlices(Buffer.from(text));
  return found === null ? null : { op: Buffer.from(found.op).toString(), after: Buffer.from(found.after).toString() };
}

test.each([
  ['{"op":"u","after":{"a":"}\\"{"},"source":{"x":[1,{"op":"d"}]}}', '"u"', '{"a":"}\\"{"}'],
  ['{ "before" : null , "after" : { } , "op" : "c" }', '"c"', '{ }'],
  ['{"after":{"n":[[],{"a":1e5}]},"ts":-1.5,"op":"r","t":true}', '"r"', '{"n":[[],{"a":1e5}]}'],
])('finds op and after in %s', (text, op, after) => expect(sliced(text)).toEqual({ op, after }));

test.each([
  '',
  '[]',
  'null',
  '{}',
  '{"op":"d","after":null}',
  '{"op":"u","after":{"a":1}',
  '{"op":"u","after":{"a":"1}}',
  '{"op":"u","after":{"a":1}} x',
  '{"op":"u" "after":{}}',
  '{"op":"u","after":{"a":1]',
  '{"op":,"after":{}}',
  '{"after":{}}',
])('leaves %s to the decoder', (text) => expect(sliced(text)).toBeNull());

test('finds what a parser finds, whatever the values are', () => {
  const row = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(row, row, fc.jsonValue(), fc.integer({ min: 0, max: 2 }), (after, source, before, indent) => {
      const found = sliced(JSON.stringify({ before, source, op: 'u', after, ts_ms: 1 }, null, indent));
      expect(found?.op).toBe('"u"');
      expect(JSON.parse(found?.after ?? '')).toEqual(JSON.parse(JSON.stringify(after)));
    }),
  );
});

test('takes any bytes without an error', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void envelopeSlices(bytes)));
  fc.assert(
    fc.property(fc.stringMatching(/^\{["opafter:{}[\],1\\ ]{0,40}$/), (text) => void envelopeSlices(Buffer.from(text))),
  );
});
