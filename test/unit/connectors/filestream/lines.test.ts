import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineLayout, takeLines } from '../../../../connectors/filestream/line-block.ts';
import { lineOf } from '../../../../connectors/filestream/line-of.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';

const layout = lineLayout('t');

function lines(bytes: Buffer, most = 1000): { found: string[]; taken: number; wrong: number } {
  const { block, taken, wrong } = takeLines(bytes, layout, most);
  const found = Array.from({ length: block.count }, (_, row) =>
    String(layout.value === null ? null : block.value(row, layout.value)),
  );
  return { found, taken, wrong: wrong.length };
}

test('finds lines however they end, and leaves one without its end', () => {
  expect(lines(Buffer.from('a\nb\r\nc\rd'))).toEqual({ found: ['a', 'b', 'c'], taken: 7, wrong: 0 });
  expect(lines(Buffer.from('\n\n'))).toEqual({ found: ['', ''], taken: 2, wrong: 0 });
  expect(lines(Buffer.from('a\r'))).toEqual({ found: [], taken: 0, wrong: 0 });
  expect(lines(Buffer.from('a\nb\n'), 1)).toEqual({ found: ['a'], taken: 2, wrong: 0 });
});

test('sets lines aside that are not UTF-8', () => {
  expect(lines(Buffer.from([0x61, 10, 0xff, 10, 0xc3, 0xa4, 10]))).toEqual({ found: ['a', 'ä'], taken: 7, wrong: 1 });
});

test('finds the same lines wherever the chunks are cut', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'ß', '\n', '\r') });
  fc.assert(
    fc.property(piece, fc.nat(), (text, cutAt) => {
      const bytes = Buffer.from(`${text}\n`);
      const cut = cutAt % bytes.length;
      const first = lines(bytes.subarray(0, cut));
      const second = lines(bytes.subarray(first.taken));
      expect([...first.found, ...second.found]).toEqual(lines(bytes).found);
    }),
  );
});

function record(part: Partial<SinkRecord>): SinkRecord {
  const rawValue = part.rawValue ?? null;
  return {
    topic: 't',
    partition: 0,
    offset: 0n,
    timestampMs: 0,
    headers: [],
    rawKey: null,
    rawValue,
    tombstone: false,
    encoding: 'other',
    key: () => ({ schema: null, value: null }),
    value: () => ({ schema: null, value: null }),
    ...part,
  };
}

test.each<[string, Partial<SinkRecord>, string]>([
  ['a text as it is', { encoding: 'string', rawValue: Buffer.from('"x"') }, '"x"'],
  ['JSON unread', { encoding: 'json', rawValue: Buffer.from('{"a": 1}') }, '{"a": 1}'],
  [
    'a text in JSON without its quotes',
    { encoding: 'json', rawValue: Buffer.from('"x"'), value: () => ({ schema: null, value: 'x' }) },
    'x',
  ],
  [
    'JSON of several lines as one',
    { encoding: 'json', rawValue: Buffer.from('[\n1]'), value: () => ({ schema: null, value: [1] }) },
    '[1]',
  ],
  ['no value as null', { tombstone: true }, 'null'],
])('writes %s', (_what, part, line) => {
  expect(Buffer.from(lineOf(record(part))).toString()).toBe(line);
});
