/** What is stored of a partition beside its batches. Offsets are plain numbers below 2^53. */
export interface PartitionRow {
  /** Commit that wrote this row last. */
  readonly seq: number;
  /** First offset held. */
  readonly start: number;
  /** One past the last offset appended. */
  readonly end: number;
  /** First offset of the earliest open transaction, or `end`. */
  readonly lso: number;
  /** `end` and `lso` as they were durable when this row was written. */
  readonly syncedEnd: number;
  readonly syncedLso: number;
  /** Of the batches held. */
  readonly sizeBytes: number;
  /** Largest timestamp so far, -1 where none. */
  readonly maxTimestampMs: number;
  /** Last entry of the time index, and bytes appended since. */
  readonly indexedTimestampMs: number;
  readonly bytesSinceIndex: number;
  /** Compaction has seen everything before this offset. */
  readonly cleanedOffset: number;
  readonly dirtyBytes: number;
  /** Tombstones before this offset were first cleaned at `horizonMs` (0: none). */
  readonly horizonOffset: number;
  readonly horizonMs: number;
}

export const EMPTY_ROW: PartitionRow = {
  seq: 0,
  start: 0,
  end: 0,
  lso: 0,
  syncedEnd: 0,
  syncedLso: 0,
  sizeBytes: 0,
  maxTimestampMs: -1,
  indexedTimestampMs: -1,
  bytesSinceIndex: 0,
  cleanedOffset: 0,
  dirtyBytes: 0,
  horizonOffset: 0,
  horizonMs: 0,
};

/** Order of the fields as stored: 64-bit floats, which hold integers below 2^53 exactly. Append only. */
const FIELDS = Object.keys(EMPTY_ROW) as (keyof PartitionRow)[];

export function encodeRow(row: PartitionRow): Buffer {
  const bytes = Buffer.allocUnsafe(FIELDS.length * 8);
  FIELDS.forEach((field, index) => bytes.writeDoubleBE(row[field], index * 8));
  return bytes;
}

export function decodeRow(bytes: Uint8Array): PartitionRow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const row: Record<keyof PartitionRow, number> = { ...EMPTY_ROW };
  for (let index = 0; index < FIELDS.length && (index + 1) * 8 <= bytes.byteLength; index++) {
    row[FIELDS[index] as keyof PartitionRow] = view.getFloat64(index * 8);
  }
  return row;
}
