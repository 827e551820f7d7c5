/**
 * Reads `pg_current_snapshot()` (`xmin:xmax:xip,…`, 64-bit transaction ids). The answer tells
 * whether a transaction of the stream (32 bits, as it is now) is invisible in that snapshot.
 */
export function invisibleIn(snapshot: string): (xid: number) => boolean {
  const [, xmaxText = '0', xipText = ''] = snapshot.split(':');
  const running = new Set(
    xipText
      .split(',')
      .filter((xid) => xid !== '')
      .map(lowBits),
  );
  const xmax = lowBits(xmaxText);
  // Transaction ids go round: one is later than another if it is less than half the circle ahead.
  return (xid) => running.has(xid) || ((xid - xmax) | 0) >= 0;
}

function lowBits(xid: string): number {
  return Number(BigInt.asUintN(32, BigInt(xid)));
}
