import type { WireGroupOffset } from '../channel/protocol.ts';
import { catalog } from './catalog.ts';
import { afterPrefix, groupKey, groupPrefix } from './key.ts';
import type { Store } from './store.ts';

/** Keeps the latest offset of a group in a partition; there is no history to load or to compact. */
export function putGroupOffset(store: Store, group: string, partition: number, offset: number, metadata: string): void {
  const text = Buffer.from(metadata);
  const value = Buffer.allocUnsafe(8 + text.length);
  value.writeDoubleBE(offset);
  text.copy(value, 8);
  void store.groups.put(groupKey(group, partition), value);
}

export function removeGroupOffset(store: Store, group: string, partition: number): void {
  void store.groups.remove(groupKey(group, partition));
}

/** Offsets of partitions that still exist. Call within `store.read`. */
export function readGroupOffsets(store: Store, group: string): WireGroupOffset[] {
  const start = groupPrefix(group);
  const offsets: WireGroupOffset[] = [];
  const names = partitionNames(store);
  for (const { key, value } of store.groups.getRange({ start, end: afterPrefix(start) })) {
    const of = names.get(Buffer.from(key).readUInt32BE(start.length));
    if (of === undefined) continue;
    const bytes = Buffer.from(value);
    offsets.push({ ...of, offset: bytes.readDoubleBE(0), metadata: bytes.toString('utf8', 8) });
  }
  return offsets;
}

/** Groups that have offsets. Call within `store.read`. */
export function storedGroups(store: Store): string[] {
  const groups: string[] = [];
  let start: Buffer = Buffer.from([1]);
  for (;;) {
    const [first] = [...store.groups.getKeys({ start, limit: 1 })];
    if (first === undefined) return groups;
    const key = Buffer.from(first);
    const group = key.toString('utf8', 0, key.indexOf(0));
    groups.push(group);
    start = afterPrefix(groupPrefix(group));
  }
}

export function groupKeys(store: Store, group: string): Buffer[] {
  const start = groupPrefix(group);
  return [...store.groups.getKeys({ start, end: afterPrefix(start) })];
}

function partitionNames(store: Store): Map<number, { topic: string; partition: number }> {
  const names = new Map<number, { topic: string; partition: number }>();
  for (const topic of catalog.topics(store)) {
    topic.partitions.forEach((id, partition) => names.set(id, { topic: topic.name, partition }));
  }
  return names;
}
