/**
 * What a database snapshot sees: `pg_current_snapshot()` as text, `xmin:xmax:xip,xip,…` with 64-bit
 * transaction ids. The stream and its records know the low 32 bits.
 */
export interface Visibility {
  /** The first id that was not given out yet. */
  readonly xmax: number;
  /** Below it, not finished. */
  readonly running: ReadonlySet<number>;
}

export function readVisibility(snapshot: string): Visibility {
  const [, xmax = '0', running = ''] = snapshot.split(':');
  const ids = running.split(',').filter((xid) => xid !== '');
  return { xmax: lowBits(xmax), running: new Set(ids.map(lowBits)) };
}

/** Tells whether what a committed transaction of the stream wrote is invisible in that snapshot. */
export function invisibleIn(snapshot: string): (xid: number) => boolean {
  const { xmax, running } = readVisibility(snapshot);
  // Transaction ids go round: one is later than another if it is less than half the circle ahead.
  return (xid) => running.has(xid) || ((xid - xmax) | 0) >= 0;
}

function lowBits(xid: string): number {
  return Number(BigInt.asUintN(32, BigInt(xid)));
}
