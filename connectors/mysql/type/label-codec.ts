import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import { primitive } from '../../../runtime/record/schema-builder.ts';
import { enumOf } from '../../../runtime/record/semantic-types.ts';
import type { Column } from '../catalog/table.ts';
import { utf8Codec } from './text-codec.ts';
import type { CellFormat, TypeOptions } from './options.ts';

/** enum: the label; the error value (index 0) is an empty text, as the server shows it. */
export function enumCodec({ labels, size }: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const schema = enumOf(labels);
  if (format === 'text') return utf8Codec(schema, options.unavailable);
  const value = (bytes: Buffer, at: number): string => {
    const index = (bytes[at] as number) | (size > 1 ? (bytes[at + 1] as number) << 8 : 0);
    return labels[index - 1] ?? '';
  };
  return {
    schema,
    json: () => (bytes, at, _length, writer) => writeJsonString(writer, value(bytes, at)),
    value,
    unavailable: options.unavailable,
  };
}

/** set: the labels, with commas between. */
export function setCodec({ labels }: Column, format: CellFormat, options: TypeOptions): CellCodec {
  const allowed = labels.map((label) => label.replaceAll(',', '\\,')).join(',');
  const schema = primitive('string', { name: 'io.debezium.data.EnumSet', version: 1, parameters: { allowed } });
  if (format === 'text') return utf8Codec(schema, options.unavailable);
  const value = (bytes: Buffer, at: number, length: number): string => {
    let text = '';
    for (const [i, label] of labels.entries()) {
      if (i >= length * 8 || ((bytes[at + (i >> 3)] as number) & (1 << (i & 7))) === 0) continue;
      text = text === '' ? label : `${text},${label}`;
    }
    return text;
  };
  return {
    schema,
    json: () => (bytes, at, length, writer) => writeJsonString(writer, value(bytes, at, length)),
    value,
    unavailable: options.unavailable,
  };
}
