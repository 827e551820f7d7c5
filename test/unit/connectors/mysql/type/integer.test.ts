import { expect, test } from 'vitest';
import { integerCodec } from '../../../../../connectors/mysql/type/integer-codec.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/mysql/type/options.ts';
import { ByteWriter } from '../../../../../runtime/record/byte-writer.ts';
import { plainColumn } from '../plain-column.ts';

const COLUMN = plainColumn('n', 'int');

test.each([
  ['int', '000042', '42'],
  ['int', '000000', '0'],
  ['int', '-7', '-7'],
  ['bigint', '00000000000000000007', '7'],
  ['bigint', '18446744073709551615', '-1'],
] as const)('a text of %s is a JSON number without the zeros of zerofill: %s', (type, text, json) => {
  const codec = integerCodec({ ...COLUMN, type, unsigned: type === 'bigint' }, 'text', DEFAULT_TYPE_OPTIONS);
  const writer = new ByteWriter();
  const bytes = Buffer.from(text);
  codec.json({ decimalFormat: 'BASE64' })(bytes, 0, bytes.length, writer);
  expect(writer.view().toString()).toBe(json);
});
