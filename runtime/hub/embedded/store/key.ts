/**
 * Keys of the store, ordered as bytes. Numbers are unsigned, big-endian; offsets and times take 64
 * bits and stay below 2^53.
 *
 *     log      partition:u32 lastOffset:u64            → record batch
 *     time     partition:u32 maxTimestampMs:u64        → lastOffset of the batch that reached it
 *     aborted  partition:u32 markerOffset:u64 producer:u64 → first offset, last stable offset
 *     state    0x01 partition:u32                      → partition row
 *     groups   group:utf8 0x00 partition:u32           → offset, metadata
 */

const SPLIT = 0x1_0000_0000;

function writeU64(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32BE(Math.floor(value / SPLIT), at);
  bytes.writeUInt32BE(value % SPLIT, at + 4);
}

export function readU64(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  return view.getUint32(0) * SPLIT + view.getUint32(4);
}

/** Key of a partition's entry `number`; of the time index, the log or (its beginning) the aborted transactions. */
export function entryKey(partition: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(partition, 0);
  writeU64(key, 4, number);
  return key;
}

export function abortedKey(partition: number, markerOffset: number, producer: number): Buffer {
  const key = Buffer.allocUnsafe(20);
  key.writeUInt32BE(partition, 0);
  writeU64(key, 4, markerOffset);
  writeU64(key, 12, producer);
  return key;
}

export function rowKey(partition: number): Buffer {
  const key = Buffer.allocUnsafe(5);
  key[0] = 1;
  key.writeUInt32BE(partition, 1);
  return key;
}

export function groupPrefix(group: string): Buffer {
  return Buffer.from(`${group}\0`);
}

export function groupKey(group: string, partition: number): Buffer {
  const prefix = groupPrefix(group);
  const key = Buffer.allocUnsafe(prefix.length + 4);
  prefix.copy(key);
  key.writeUInt32BE(partition, prefix.length);
  return key;
}

/** First key after all that begin with `prefix` (whose last byte is not 0xff). */
export function afterPrefix(prefix: Buffer): Buffer {
  const key = Buffer.from(prefix);
  key[key.length - 1] = (key[key.length - 1] ?? 0) + 1;
  return key;
}
