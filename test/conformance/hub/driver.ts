import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import type { FetchedBatch, Hub, HubReader, Isolation } from '../../../runtime/hub/port.ts';

/** What a hub adapter brings to pass the suite. */
export interface HubDriver {
  readonly name: string;
  /** A running hub, empty at first; every test uses topics and groups of its own. */
  start(): Promise<RunningHub>;
}

export interface RunningHub {
  /** One more client of the same hub, as another thread or process would have it. */
  client(): Promise<Hub>;
  stop(): Promise<void>;
}

export const never = new AbortController().signal;

let counter = 0;

/** A name no other test uses. */
export function fresh(what: string): string {
  return `${what}-${process.pid}-${counter++}`;
}

export interface TestRecord {
  readonly key?: string | null;
  readonly value?: string | null;
  readonly timestampMs?: number;
}

export function batchOf(...records: readonly (TestRecord | string)[]): Buffer {
  const builder = new BatchBuilder();
  for (const record of records) {
    const {
      key = null,
      value = null,
      timestampMs = 1_700_000_000_000,
    } = typeof record === 'string' ? { value: record } : record;
    builder.add(timestampMs, key === null ? null : Buffer.from(key), value === null ? null : Buffer.from(value));
  }
  return builder.finish();
}

export interface ReadRecord {
  readonly offset: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestampMs: number;
}

export function recordsOf(batches: readonly FetchedBatch[], from = 0n): ReadRecord[] {
  const records: ReadRecord[] = [];
  for (const { bytes } of batches) {
    forEachRecord(bytes, (record) => {
      const { offset, timestampMs } = record;
      if (offset < from) return;
      records.push({ offset, timestampMs, key: text(record.key()), value: text(record.value()) });
    });
  }
  return records;
}

function text(bytes: Buffer | null): string | null {
  return bytes === null ? null : bytes.toString();
}

/** Everything readable of a partition now. */
export async function readAll(
  hub: Hub,
  topic: string,
  partition = 0,
  isolation: Isolation = 'read_committed',
): Promise<ReadRecord[]> {
  const { earliest, latest } = await hub.admin.offsets({ topic, partition }, isolation);
  const reader = await hub.reader({ isolation });
  try {
    reader.assign([{ topic, partition, offset: earliest }]);
    return await readUntil(reader, topic, partition, latest);
  } finally {
    await reader.close();
  }
}

export async function readUntil(
  reader: HubReader,
  topic: string,
  partition: number,
  end: bigint,
): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  while (reader.position(topic, partition) < end) {
    const batches = await reader.read(2000, never);
    if (batches.length === 0 && reader.position(topic, partition) < end) break;
    records.push(...recordsOf(batches));
  }
  return records;
}

export function values(records: readonly ReadRecord[]): (string | null)[] {
  return records.map(({ value }) => value);
}
