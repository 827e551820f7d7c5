/** Prefix of our logical messages: they make no record, whichever connector wrote them. */
export const MARK_PREFIX = 'millrace.snapshot';

/** A window's mark in the log. */
export interface WindowMark {
  /** Names this run of the task: marks of another one mean nothing. */
  readonly run: string;
  readonly window: number;
  readonly kind: 'open' | 'close';
}

export function writeMark(mark: WindowMark): string {
  return `${mark.run} ${mark.window} ${mark.kind}`;
}

/** undefined: not a mark. */
export function readMark(content: Uint8Array): WindowMark | undefined {
  const [run, window, kind] = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    .toString('latin1')
    .split(' ');
  if (run === undefined || (kind !== 'open' && kind !== 'close')) return undefined;
  return { run, window: Number(window), kind };
}

/**
 * The statement that writes a mark. Not transactional: its place in the stream is where it is
 * written. It is flushed at once (by a commit with a transaction id before PostgreSQL 17), since
 * the server sends nothing that is not.
 */
export function emitMark(mark: WindowMark, version: number): string {
  const text = `'${MARK_PREFIX}', '${writeMark(mark)}'`;
  if (version >= 17) return `SELECT pg_logical_emit_message(false, ${text}, true) AS lsn`;
  return `SELECT pg_logical_emit_message(false, ${text}) AS lsn, pg_current_xact_id() AS xid`;
}
