import type { SinkPreview } from '../../connector/preview.ts';
import type { SinkRecord } from '../../connector/sink.ts';
import { MillraceError } from '../../record/error.ts';
import { packError, unpackError, type PackedError } from '../../record/packed-error.ts';
import type { Datum } from '../../record/record.ts';
import { messageOf } from '../../record/thrown.ts';
import { revivedDatum } from './revived-records.ts';

/** What decoding gave. */
type Decoded = { readonly datum: Datum } | { readonly error: PackedError };

/** A sink's record as it crosses threads: decoded beforehand, bytes of its own. */
export interface PackedSinkRecord extends Omit<SinkRecord, 'key' | 'value'> {
  readonly decoded: { readonly key: Decoded; readonly value: Decoded };
}

/** A preview likewise; a rejected record is told by its place among those that were given. */
export interface PackedPreview {
  readonly outputs: SinkPreview['outputs'];
  readonly rejected: readonly { readonly index: number; readonly error: PackedError }[];
}

export function packSinkRecord(record: SinkRecord): PackedSinkRecord {
  const { topic, partition, offset, destination, timestampMs, headers, rawKey, rawValue } = record;
  const { tombstone, encoding, keyEncoding } = record;
  return {
    topic,
    partition,
    offset,
    ...(destination === undefined ? {} : { destination }),
    timestampMs,
    headers: headers.map(({ key, value }) => ({ key, value: own(value) })),
    rawKey: own(rawKey),
    rawValue: own(rawValue),
    tombstone,
    encoding,
    ...(keyEncoding === undefined ? {} : { keyEncoding }),
    decoded: { key: decoded(() => record.key()), value: decoded(() => record.value()) },
  };
}

/** As the connector's code has them. */
export function unpackSinkRecord({ decoded: { key, value }, ...record }: PackedSinkRecord): SinkRecord {
  return { ...record, key: again(key), value: again(value) };
}

export function packPreview({ outputs, rejected }: SinkPreview, given: readonly SinkRecord[]): PackedPreview {
  const indexes = new Map(given.map((record, index) => [record, index]));
  return {
    outputs: outputs.map(({ name, records, complete }) => ({ name, records, complete })),
    rejected: rejected.map(({ record, error }) => ({ index: indexes.get(record) ?? -1, error: packed(error) })),
  };
}

/** Throws where what came is no preview of these records. */
export function unpackPreview(preview: unknown, given: readonly SinkRecord[]): SinkPreview {
  if (!isPreview(preview))
    throw new TypeError('preview() must give outputs {name, records, complete} and rejected records');
  return {
    outputs: preview.outputs,
    rejected: preview.rejected.map(({ index, error }) => {
      const record = given[index];
      if (record === undefined) throw new TypeError('preview() rejected a record that it was not given');
      return { record, error: unpackError(error) };
    }),
  };
}

/** Not the whole batch that the bytes are a part of. */
function own(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : Uint8Array.from(bytes);
}

function decoded(decode: () => Datum): Decoded {
  try {
    return { datum: decode() };
  } catch (error) {
    return { error: packed(error) };
  }
}

function again(of: Decoded): () => Datum {
  return () => {
    if ('error' in of) throw unpackError(of.error);
    return revivedDatum(of.datum);
  };
}

function packed(error: unknown): PackedError {
  if (error instanceof MillraceError) return packError(error);
  const message = messageOf(error);
  return { code: 'RECORD_REJECTED', message, kind: 'data' };
}

function isPreview(value: unknown): value is PackedPreview {
  if (typeof value !== 'object' || value === null || !('outputs' in value) || !('rejected' in value)) return false;
  return Array.isArray(value.rejected) && Array.isArray(value.outputs) && value.outputs.every(isOutput);
}

function isOutput(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { name, records, complete } = value as Readonly<Record<string, unknown>>;
  return typeof name === 'string' && typeof records === 'number' && typeof complete === 'boolean';
}
