/**
 * murmur2 as Kafka's Java clients compute it (`org.apache.kafka.common.utils.Utils.murmur2`), so
 * that a key lands in the partition where other clients put it. A signed 32-bit number.
 */
export function murmur2(bytes: Uint8Array, at = 0, length = bytes.length - at): number {
  const m = 0x5bd1e995;
  const end = at + length;
  let h = 0x9747b28c ^ length;
  let i = at;
  for (; i + 4 <= end; i += 4) {
    let k =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = end - i;
  if (rest > 0) {
    if (rest > 2) h ^= (bytes[i + 2] as number) << 16;
    if (rest > 1) h ^= (bytes[i + 1] as number) << 8;
    h = Math.imul(h ^ (bytes[i] as number), m);
  }
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
}

/** The partition of a key, of `partitions`: Kafka's default partitioner for records with a key. */
export function murmur2Partition(key: Uint8Array, partitions: number, at = 0, length = key.length - at): number {
  return (murmur2(key, at, length) & 0x7fffffff) % partitions;
}
