import { zstdDecompressSync } from 'node:zlib';
import { PayloadReader } from '../wire/payload-reader.ts';
import { brokenRows } from './rows-event.ts';

const FIELD = { end: 0, size: 1, compression: 2, unpackedSize: 3 } as const;
const ZSTD = 0;
const NONE = 255;
/** The server's own limit of an event. */
const MAX_UNPACKED = 1 << 30;

/**
 * The events in a TRANSACTION_PAYLOAD event, one after the other, without checksums.
 *
 *     { field:packed length:packed value }* 0 payload
 */
export function readTransactionPayload(reader: PayloadReader): Buffer {
  let size = -1;
  let compression = NONE;
  let unpacked = -1;
  for (;;) {
    const field = reader.lengthEncoded();
    if (field === FIELD.end) break;
    const length = reader.lengthEncoded();
    const value = new PayloadReader(reader.bytes, reader.at, reader.at + length);
    reader.skip(length);
    if (field === FIELD.size) size = value.lengthEncoded();
    else if (field === FIELD.compression) compression = value.lengthEncoded();
    else if (field === FIELD.unpackedSize) unpacked = value.lengthEncoded();
  }
  const packed = reader.copy(size < 0 ? reader.left : size);
  if (compression === NONE) return packed;
  if (compression !== ZSTD) throw brokenRows(`a transaction is compressed by the unknown method ${compression}`);
  if (unpacked > MAX_UNPACKED) throw brokenRows(`a transaction unpacks to ${unpacked} bytes`);
  try {
    return zstdDecompressSync(packed, { maxOutputLength: unpacked < 0 ? MAX_UNPACKED : Math.max(1, unpacked) });
  } catch (cause) {
    throw brokenRows('a transaction does not unpack', cause);
  }
}
