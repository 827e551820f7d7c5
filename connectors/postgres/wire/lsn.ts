/** A WAL position as Postgres writes it: `16/B374D848`. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase();
}

/** Reads `16/B374D848`; undefined where the text is not a WAL position. */
export function parseLsn(text: string | null | undefined): bigint | undefined {
  const parts = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text ?? '');
  if (parts === null) return undefined;
  return (BigInt(`0x${parts[1]}`) << 32n) | BigInt(`0x${parts[2]}`);
}

export function maxLsn(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
