import type { StructValue } from '../../../runtime/record/value.ts';

/** Fields of the source block that tell an event's place. */
export const PLACE_FIELDS = ['snapshot', 'sequence', 'txId', 'lsn'] as const;

/** In the order of the stream: by the transaction that had committed before, then by LSN. */
interface Place {
  readonly lastCommit: bigint;
  readonly lsn: bigint;
}

/**
 * Names the WAL record of an event; null for rows that were read. Several events have one WAL record
 * only where rows were written together (`COPY`).
 */
export function walRecord({ snapshot, txId, lsn }: StructValue): string | null {
  if (snapshot !== 'false' || !isNumber(lsn) || !isNumber(txId)) return null;
  return `${txId}@${lsn}`;
}

/** Whether one event stands before another in the stream; false too where it is not known. */
export function precedes(one: StructValue, other: StructValue): boolean {
  const left = placeOf(one);
  const right = placeOf(other);
  if (left === null || right === null) return false;
  return left.lastCommit === right.lastCommit ? left.lsn < right.lsn : left.lastCommit < right.lastCommit;
}

const SEQUENCE = /^\[(?:null|"(\d+)"),"(\d+)"\]$/;

function placeOf({ sequence, snapshot }: StructValue): Place | null {
  const parts = typeof sequence === 'string' ? SEQUENCE.exec(sequence) : null;
  if (parts === null) return null;
  const lsn = BigInt(parts[2] ?? 0);
  // What was read at an LSN follows every transaction that had committed by then.
  if (snapshot !== 'false' && parts[1] === undefined) return { lastCommit: lsn, lsn: 0n };
  return { lastCommit: BigInt(parts[1] ?? 0), lsn };
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}
