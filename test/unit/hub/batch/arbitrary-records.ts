import fc from 'fast-check';
import type { RawHeader } from '../../../../runtime/record/record.ts';

/** A record as tests compare it. */
export interface PlainRecord {
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RawHeader[];
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const maybeBytes = fc.option(bytes, { nil: null, freq: 4 });

export const headers = fc.array(fc.record({ key: fc.string({ unit: 'binary', maxLength: 20 }), value: maybeBytes }), {
  maxLength: 4,
});

/** Timestamps of any order, seconds to centuries apart. */
export const timestamp = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: 0, max: 4_000_000_000_000 }),
);

export const record: fc.Arbitrary<PlainRecord> = fc.record({
  timestampMs: timestamp,
  key: maybeBytes,
  value: maybeBytes,
  headers,
});
