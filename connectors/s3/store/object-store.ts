import { crc32 } from 'node:zlib';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { MillraceError } from '../../../runtime/record/error.ts';
import type { Claim } from './archive-marker.ts';

/**
 * What an object says of the records in it: enough to tell whether a writer that finds it there
 * would have written the same.
 */
export interface ObjectFacts {
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  /** The topic partition was closed here: the offset to read next. All files closed together share it. */
  readonly endOffset: bigint;
  readonly records: number;
  /** {@link recordsCrc} over its records. */
  readonly crc: number;
}

/** What came of finishing an object. `facts` is null for an object that is not ours. */
export type Completion = { readonly kind: 'created' } | { readonly kind: 'exists'; readonly facts: ObjectFacts | null };

/**
 * Where finished files go. Nothing of an object is visible before `complete`, and `complete` never
 * replaces an object: of any number of writers one creates it, the others learn what it holds.
 */
export interface ObjectStore {
  /** For messages: `s3://bucket/` or `file:///path/`. */
  readonly shown: string;
  create(name: string): ObjectUpload;
  /**
   * Before anything else. Throws where the store says for certain that nothing can be archived: credentials that are
   * missing or unknown, a bucket that is not there. What may pass, or may forbid no more than to look, is answered.
   */
  greet(signal: AbortSignal): Promise<MillraceError | null>;
  /** Before partitions are written. Throws a `position` error where what was archived of them before is gone. */
  claim(claims: readonly Claim[]): Promise<void>;
  /** Removes what an earlier run of this task left unfinished. */
  sweep(): Promise<void>;
  /** Names of finished objects that begin so, in any order. */
  names(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** What a finished object holds; null: it is not ours. */
  facts(name: string, signal: AbortSignal): Promise<ObjectFacts | null>;
  /** Reachable, and readable as far as can be told without writing. */
  check(): Promise<readonly CheckResult[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** One object on its way. Calls come one at a time; after an error only `abort` is allowed. */
export interface ObjectUpload {
  /** Takes over the chunk. Never waits: call `drain` when `bufferedBytes` has grown. */
  add(chunk: Uint8Array): void;
  readonly bufferedBytes: number;
  /** Sends what is worth sending; `early`: also less than a whole part. */
  drain(early: boolean, signal: AbortSignal): Promise<void>;
  complete(facts: ObjectFacts, signal: AbortSignal): Promise<Completion>;
  /** Idempotent; does not throw. */
  abort(): Promise<void>;
}

const NOTHING = new Uint8Array(0);

/** CRC-32 over a record's offset, key and value, chained from the record before; starts at 0. */
export function recordsCrc(before: number, offset: bigint, key: Uint8Array | null, value: Uint8Array | null): number {
  const salt = Number(BigInt.asUintN(31, offset)) + (key === null ? 1 : 0) + (value === null ? 2 : 0);
  return crc32(value ?? NOTHING, crc32(key ?? NOTHING, (before ^ salt) >>> 0));
}

export function sameFacts(left: ObjectFacts, right: ObjectFacts): boolean {
  return (
    left.firstOffset === right.firstOffset &&
    left.lastOffset === right.lastOffset &&
    left.endOffset === right.endOffset &&
    left.records === right.records &&
    left.crc === right.crc
  );
}

/** Facts as object metadata: HTTP header names in lower case. */
export function toMetadata(facts: ObjectFacts): Record<string, string> {
  return {
    'millrace-first-offset': facts.firstOffset.toString(),
    'millrace-last-offset': facts.lastOffset.toString(),
    'millrace-end-offset': facts.endOffset.toString(),
    'millrace-records': String(facts.records),
    'millrace-crc32': facts.crc.toString(16).padStart(8, '0'),
  };
}

/** null: not our metadata, or not whole. */
export function fromMetadata(metadata: Readonly<Record<string, unknown>>): ObjectFacts | null {
  const offset = (name: string): bigint | null => {
    const text = metadata[`millrace-${name}`];
    return typeof text === 'string' && /^\d{1,19}$/.test(text) ? BigInt(text) : null;
  };
  const firstOffset = offset('first-offset');
  const lastOffset = offset('last-offset');
  const endOffset = offset('end-offset');
  const records = offset('records');
  const crc = metadata['millrace-crc32'];
  if (firstOffset === null || lastOffset === null || endOffset === null || records === null) return null;
  if (typeof crc !== 'string' || !/^[0-9a-f]{8}$/.test(crc)) return null;
  return { firstOffset, lastOffset, endOffset, records: Number(records), crc: Number.parseInt(crc, 16) };
}

/**
 * The name of the small object that holds an object's facts where the object itself cannot. It has
 * no dots: a reader that looks for `*.json*` in hidden folders too does not take it for data.
 */
export function factsName(hiddenFolder: string, name: string): string {
  return `${hiddenFolder}/facts/${name.replaceAll('.', ',')},facts`;
}

export function encodeFacts(facts: ObjectFacts): Buffer {
  return Buffer.from(`${JSON.stringify(toMetadata(facts))}\n`);
}

/** null: not written by us, or damaged. */
export function decodeFacts(bytes: Uint8Array): ObjectFacts | null {
  try {
    return fromMetadata(JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>);
  } catch {
    return null;
  }
}
