import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Column } from '../../../../../connectors/mysql/catalog/table.ts';
import { DEFAULT_TYPE_OPTIONS, type CellFormat } from '../../../../../connectors/mysql/type/options.ts';
import { datetimeCodec } from '../../../../../connectors/mysql/type/temporal-codec.ts';
import { canonicalColumn } from '../../../../../connectors/mysql/truth/canonical-text.ts';
import { ByteWriter } from '../../../../../runtime/record/byte-writer.ts';
import { plainColumn } from '../plain-column.ts';

const COLUMN: Column = { ...plainColumn('at', 'datetime'), precision: 6, size: 8 };

/** `2026-11-24 13:14:15.123456` as the server's text has it, and in the packed form of its rows. */
function cell(text: string, format: CellFormat): Buffer {
  if (format === 'text') return Buffer.from(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0] = text.split(/[- :.]/).map(Number);
  const date = BigInt(((year * 13 + month) << 5) | day);
  const time = BigInt((hour << 12) | (minute << 6) | second);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(((0x80_0000_0000n + (date << 17n) + time) << 24n) | BigInt(micros));
  return bytes;
}

function shown(text: string, format: CellFormat): readonly [json: string, value: unknown] {
  const codec = datetimeCodec(COLUMN, format, DEFAULT_TYPE_OPTIONS);
  const bytes = cell(text, format);
  const writer = new ByteWriter();
  codec.json({ decimalFormat: 'BASE64' })(bytes, 0, bytes.length, writer);
  return [writer.view().toString(), codec.value(bytes, 0, bytes.length)];
}

test.each<[string, bigint]>([
  ['9999-12-31 23:59:59.999999', 253_402_300_799_999_999n],
  ['1000-01-01 00:00:00.000001', -30_610_223_999_999_999n],
  ['2026-11-24 13:14:15.123456', 1_795_526_055_123_456n],
])('%s is %s microseconds, to the last', (text, micros) => {
  for (const format of ['text', 'binlog'] as const) expect(shown(text, format)).toEqual([String(micros), micros]);
  expect(canonicalColumn(COLUMN, DEFAULT_TYPE_OPTIONS)?.text(cell(text, 'text'), 0, text.length)).toBe(String(micros));
});

test('a datetime of any year keeps its microseconds', () => {
  const date = fc.date({
    min: new Date('1000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(date, fc.integer({ min: 0, max: 999 }), (at, micros) => {
      const text = `${at.toISOString().replace('T', ' ').slice(0, -1)}${String(micros).padStart(3, '0')}`;
      const exact = BigInt(at.getTime()) * 1000n + BigInt(micros);
      for (const format of ['text', 'binlog'] as const) expect(shown(text, format)).toEqual([String(exact), exact]);
    }),
  );
});
