import { createRequire } from 'node:module';

/*
 * CRC-32C (Castagnoli, RFC 3720 §B.4), reflected polynomial 0x82f63b78.
 *
 * Measured on 1 MiB: native 6.1 GB/s, table (slicing by 8) 1.2 GB/s; on 200 bytes the call into
 * native code costs more than it saves. So: native from NATIVE_FROM bytes on, where it is there.
 */
const NATIVE_FROM = 1024;

type Crc = (bytes: Uint8Array) => number;

let native: Crc | null | undefined;
let tables: Int32Array | undefined;

/** CRC-32C of `bytes[at, end)`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, at = 0, end: number = bytes.length): number {
  if (end - at >= NATIVE_FROM) {
    native = native === undefined ? loadNative() : native;
    if (native !== null) return native(bytes.subarray(at, end));
  }
  return crc32cTable(bytes, at, end);
}

/** The same in JavaScript alone. */
export function crc32cTable(bytes: Uint8Array, at: number, end: number): number {
  const table = (tables ??= makeTables());
  let crc = -1;
  let i = at;
  for (const last = end - 8; i <= last; i += 8) {
    crc ^=
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    crc =
      (table[1792 + (crc & 255)] as number) ^
      (table[1536 + ((crc >>> 8) & 255)] as number) ^
      (table[1280 + ((crc >>> 16) & 255)] as number) ^
      (table[1024 + (crc >>> 24)] as number) ^
      (table[768 + (bytes[i + 4] as number)] as number) ^
      (table[512 + (bytes[i + 5] as number)] as number) ^
      (table[256 + (bytes[i + 6] as number)] as number) ^
      (table[bytes[i + 7] as number] as number);
  }
  for (; i < end; i++) crc = (table[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Table `s` (256 entries each) advances a byte's remainder by `s` further zero bytes. */
function makeTables(): Int32Array {
  const table = new Int32Array(256 * 8);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    table[byte] = crc;
  }
  for (let i = 256; i < table.length; i++) {
    const crc = table[i - 256] as number;
    table[i] = (table[crc & 255] as number) ^ (crc >>> 8);
  }
  return table;
}

/** null where the platform has no binding. */
function loadNative(): Crc | null {
  try {
    const loaded = createRequire(import.meta.url)('@node-rs/crc32') as { readonly crc32c: Crc };
    return loaded.crc32c;
  } catch {
    return null;
  }
}
