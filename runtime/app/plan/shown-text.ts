import { isUtf8 } from 'node:buffer';
import { ByteWriter } from '../../record/byte-writer.ts';
import type { Datum } from '../../record/record.ts';
import { writeJson } from '../../record/value-json.ts';

const JSON_OPTIONS = { decimalFormat: 'NUMERIC', replaceNullWithDefault: true } as const;

/** Bytes as they stand in the hub: their text, or base64 where they are none. */
export function bytesText(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  return isUtf8(bytes) ? Buffer.from(bytes).toString() : `base64:${Buffer.from(bytes).toString('base64')}`;
}

/** A value as JSON, exact. */
export function datumText({ schema, value }: Datum): string | null {
  if (value === null) return null;
  const writer = new ByteWriter();
  writeJson(writer, schema, value, JSON_OPTIONS);
  return Buffer.from(writer.view()).toString();
}
