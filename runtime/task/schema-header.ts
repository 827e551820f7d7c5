import type { RawHeader } from '../record/record.ts';

/**
 * The header that names the schemas of a record whose bytes carry none (D14): 8 bytes key schema id,
 * 8 bytes value schema id, zeros where there is none. An id is made by `store/schemas.ts`.
 */
export const SCHEMA_HEADER = 'millrace.schema';

/** Size of a schema id. */
const SCHEMA_ID_BYTES = 8;

/** The header; undefined where neither schema is known. */
export function schemaHeader(keyId: Uint8Array | null, valueId: Uint8Array | null): RawHeader | undefined {
  if (keyId === null && valueId === null) return undefined;
  const value = Buffer.alloc(2 * SCHEMA_ID_BYTES);
  if (keyId !== null) value.set(keyId, 0);
  if (valueId !== null) value.set(valueId, SCHEMA_ID_BYTES);
  return { key: SCHEMA_HEADER, value };
}

/** The ids in a record's headers as hex digits; the last header of the name counts. */
export function schemaIdsOf(headers: readonly RawHeader[]): {
  readonly key: string | null;
  readonly value: string | null;
} {
  const bytes = headers.findLast((header) => header.key === SCHEMA_HEADER)?.value ?? null;
  if (bytes === null || bytes.length !== 2 * SCHEMA_ID_BYTES) return { key: null, value: null };
  return { key: idText(bytes, 0), value: idText(bytes, SCHEMA_ID_BYTES) };
}

function idText(bytes: Uint8Array, at: number): string | null {
  const id = Buffer.from(bytes.buffer, bytes.byteOffset + at, SCHEMA_ID_BYTES);
  return id.every((byte) => byte === 0) ? null : id.toString('hex');
}
