import type { ByteWriter } from '../../record/byte-writer.ts';
import type { RawHeader } from '../../record/record.ts';
import { corrupt } from './corrupt.ts';
import { VarintReader, writeVarint } from './varint.ts';

/** A record's headers as they stand in a batch, when it has none. */
export const NO_HEADERS: Uint8Array = Uint8Array.of(0);

/** Appends the record form of `headers`: their count, then each. For {@link BatchBuilder.addBytes}. */
export function writeHeaders(writer: ByteWriter, headers: readonly RawHeader[]): void {
  writeHeaderCount(writer, headers.length);
  for (const { key, value } of headers) {
    writeHeaderKey(writer, key);
    if (value === null) writeHeaderCount(writer, -1);
    else {
      writeHeaderCount(writer, value.length);
      writer.copy(value, 0, value.length);
    }
  }
}

/** Appends a header's key, its length before it. */
export function writeHeaderKey(writer: ByteWriter, key: string): void {
  const size = Buffer.byteLength(key);
  writeHeaderCount(writer, size);
  writer.utf8(key);
}

/** Appends a varint: a count of headers or a length; -1 for a null value. */
export function writeHeaderCount(writer: ByteWriter, value: number): void {
  writer.reserve(5);
  writer.length = writeVarint(writer.bytes, writer.length, value);
}

/** Reads headers from where a record keeps them. Their values share memory with `bytes`. */
export function readHeaders(bytes: Buffer, at: number, end: number): RawHeader[] {
  const reader = new VarintReader(bytes, at, end);
  const count = reader.varint();
  if (count < 0 || count > end - at) throw corrupt('BATCH_MALFORMED', `record batch: ${count} headers in a record`);
  const headers: RawHeader[] = [];
  for (let i = 0; i < count; i++) {
    const keyLength = reader.varint();
    const keyAt = skip(reader, keyLength, 0);
    const key = bytes.toString('utf8', keyAt, keyAt + keyLength);
    const valueLength = reader.varint();
    const valueAt = skip(reader, valueLength, -1);
    headers.push({ key, value: valueLength < 0 ? null : bytes.subarray(valueAt, valueAt + valueLength) });
  }
  return headers;
}

/** Steps over `length` bytes; returns where they start. */
function skip(reader: VarintReader, length: number, least: number): number {
  const { at } = reader;
  if (length < least || length > reader.end - at) {
    throw corrupt('BATCH_MALFORMED', `record batch: a length of ${length} at byte ${at}`);
  }
  reader.at = at + Math.max(0, length);
  return at;
}
