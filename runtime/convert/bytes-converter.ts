import { MillraceError } from '../record/error.ts';
import type { Datum, RawHeader } from '../record/record.ts';
import { OPTIONAL_BYTES } from '../record/schema-builder.ts';
import type { Converter } from './converter.ts';

/** Kafka Connect's ByteArrayConverter: bytes as they are, and nothing else. */
export class BytesConverter implements Converter {
  readonly encoding = 'bytes';
  readonly schemaHeader = false;

  encode(_topic: string, datum: Datum): Uint8Array | null {
    const { schema, value } = datum;
    if (schema !== null && schema.type !== 'bytes') throw notBytes(schema.type);
    if (value === null) return null;
    if (!(value instanceof Uint8Array)) throw notBytes(typeof value);
    return value;
  }

  decode(_topic: string, bytes: Uint8Array | null, _headers: readonly RawHeader[]): Datum {
    return { schema: OPTIONAL_BYTES, value: bytes };
  }
}

function notBytes(type: string): MillraceError {
  return new MillraceError('CONVERT_TYPE', `the bytes converter takes bytes, not ${type}`, {
    kind: 'data',
    remedy: 'Use the JSON converter for records that are not bytes.',
  });
}
