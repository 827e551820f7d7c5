import { compileTimePattern } from './time-pattern.ts';
import { zoneOffset } from './zone.ts';

/** Chooses the folder of a record below its topic: Confluent's `encodedPartition`. Pure. */
export interface Partitioner {
  /** True where the folder depends on the record's time. */
  readonly timeBased: boolean;
  encode(partition: number, timestampMs: number): string;
}

/** `partition=<n>`. */
export function defaultPartitioner(): Partitioner {
  return { timeBased: false, encode: (partition) => `partition=${partition}` };
}

interface TimePartitioning {
  readonly pathFormat: string;
  readonly durationMs: number;
  readonly timezone: string;
}

/** The local start of the record's time span, printed by a pattern. */
export function timePartitioner({ pathFormat, durationMs, timezone }: TimePartitioning): Partitioner {
  const print = compileTimePattern(pathFormat);
  const offset = zoneOffset(timezone);
  let last = Number.NaN;
  let text = '';
  return {
    timeBased: true,
    encode(_partition, timestampMs) {
      const span = Math.floor((timestampMs + offset(timestampMs)) / durationMs);
      if (span !== last) {
        text = print(span * durationMs);
        last = span;
      }
      return text;
    },
  };
}
