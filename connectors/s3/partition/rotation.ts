import type { ZoneOffset } from './zone.ts';

/** When the open files of a topic partition are closed; null: no such limit. */
export interface RotationRules {
  readonly flushSize: number | null;
  readonly bytes: number | null;
  /** Span of record time. */
  readonly intervalMs: number | null;
  /** With `intervalMs` and a time partitioner: a record of another time partition closes too. */
  readonly onPartitionChange: boolean;
  /** Wall-clock interval counted from midnight. */
  readonly scheduleMs: number | null;
  readonly maxOpenFiles: number;
}

/** What stands open of a topic partition since its last rotation. */
export interface OpenSpan {
  readonly count: number;
  /** Key and value bytes. */
  readonly bytes: number;
  /** Time of the first record. */
  readonly baseTimestampMs: number;
  /** Of the record before. */
  readonly encodedPartition: string;
  readonly openFiles: number;
  /** Wall-clock time at which it is due; null: not scheduled. */
  readonly dueAtMs: number | null;
}

interface ArrivingRecord {
  readonly timestampMs: number;
  readonly encodedPartition: string;
  /** It would need a file that is not open yet. */
  readonly opensFile: boolean;
  /** It cannot be written to the file that is open for it. */
  readonly schemaChanged: boolean;
}

type RotationReason = 'records' | 'bytes' | 'time' | 'schedule' | 'partition' | 'schema' | 'open files';

/**
 * Whether everything open is closed before this record is taken. All but the schedule depends on
 * records alone, so a replay from any rotation rotates at the same offsets.
 */
export function rotateBefore(
  span: OpenSpan,
  record: ArrivingRecord,
  rules: RotationRules,
  nowMs: number,
): RotationReason | null {
  if (span.count === 0) return null;
  if (rules.intervalMs !== null) {
    if (record.timestampMs - span.baseTimestampMs >= rules.intervalMs) return 'time';
    if (rules.onPartitionChange && record.encodedPartition !== span.encodedPartition) return 'partition';
  }
  if (isDue(span, nowMs)) return 'schedule';
  if (record.schemaChanged) return 'schema';
  if (record.opensFile && span.openFiles >= rules.maxOpenFiles) return 'open files';
  return null;
}

/** Whether everything open is closed now that a record has been taken. */
export function rotateAfter(span: OpenSpan, rules: RotationRules): RotationReason | null {
  if (rules.flushSize !== null && span.count >= rules.flushSize) return 'records';
  if (rules.bytes !== null && span.bytes >= rules.bytes) return 'bytes';
  return null;
}

export function isDue(span: OpenSpan, nowMs: number): boolean {
  return span.count > 0 && span.dueAtMs !== null && nowMs >= span.dueAtMs;
}

/** The next multiple of the interval after `nowMs`, counted from the local midnight before it. */
export function nextSchedule(nowMs: number, intervalMs: number, offset: ZoneOffset): number {
  const localMs = nowMs + offset(nowMs);
  const midnight = Math.floor(localMs / 86_400_000) * 86_400_000;
  const next = midnight + (Math.floor((localMs - midnight) / intervalMs) + 1) * intervalMs;
  return nowMs + (next - localMs);
}
