import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Connection, TextRow } from '../connection.ts';

const DOING = 'looking for prepared XA transactions';
const PAUSE_MS = 50;
/** How many a message names. */
const NAMED = 5;
const PRINTABLE = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;

/**
 * XA transactions that are prepared and not ended, as XA COMMIT takes them: the binlog has their rows, no snapshot
 * shows them. undefined: the account may not ask. Exact while a global read lock is held: PREPARE and COMMIT wait for it.
 */
export async function preparedTransactions(connection: Connection): Promise<readonly string[] | undefined> {
  try {
    const { mariadb } = connection;
    const rows = await connection.query(DOING, mariadb ? "XA RECOVER FORMAT='SQL'" : 'XA RECOVER CONVERT XID');
    return rows.map((row) => (mariadb ? (row['data'] ?? '') : xid(row)));
  } catch (error) {
    if (error instanceof MillraceError && (error.kind === 'permission' || error.kind === 'bug')) return undefined;
    throw error;
  }
}

/** Of MySQL's `formatID, gtrid_length, bqual_length, data`, where data is `0x…`. */
export function xid(row: TextRow): string {
  const bytes = Buffer.from((row['data'] ?? '').slice(2), 'hex');
  const split = Number(row['gtrid_length'] ?? 0);
  const [branch, format] = [bytes.subarray(split), row['formatID'] ?? '1'];
  const parts = [literal(bytes.subarray(0, split))];
  if (branch.length > 0 || format !== '1') parts.push(literal(branch));
  if (format !== '1') parts.push(format);
  return parts.join(',');
}

function literal(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  return PRINTABLE.test(text) ? `'${text}'` : `X'${bytes.toString('hex')}'`;
}

/** Waits, within a bound, for XA transactions that are prepared at the place where a snapshot would begin. */
export class PreparedWait {
  readonly #context: Pick<TaskContext, 'log' | 'warning'>;
  readonly #env: Pick<Env, 'clock' | 'timers'>;
  readonly #timeoutMs: number;
  #since: number | undefined;

  /** `timeoutMs`: of all the waiting together. */
  constructor(context: Pick<TaskContext, 'log' | 'warning'>, env: Pick<Env, 'clock' | 'timers'>, timeoutMs: number) {
    this.#context = context;
    this.#env = env;
    this.#timeoutMs = timeoutMs;
  }

  /** No lock may be held: they could not end. Throws a `busy` error when the time is over. */
  async ended(connection: Connection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const names = await preparedTransactions(connection);
      if (names === undefined || names.length === 0) return;
      await this.#pause(names, signal);
    }
  }

  /** The snapshot begins, or does not. */
  over(): void {
    this.#context.warning('MYSQL_XA_PREPARED', null);
  }

  async #pause(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { clock, timers } = this.#env;
    const text = `XA transactions are prepared and not ended, the snapshot waits for them: ${some(names)}`;
    if (this.#since === undefined) this.#context.log.warn(text);
    this.#since ??= clock.monotonicMs();
    if (clock.monotonicMs() - this.#since >= this.#timeoutMs) throw stillPrepared(names, this.#timeoutMs);
    this.#context.warning('MYSQL_XA_PREPARED', text);
    await timers.sleep(PAUSE_MS, signal);
  }
}

/**
 * What a snapshot may lack for all that was asked; null: nothing (I5). `prepared`: what {@link preparedTransactions}
 * said at the place.
 */
export function unseenPrepared(locked: boolean, prepared: readonly string[] | undefined): string | null {
  const lost = 'of an XA transaction that is prepared before the snapshot and committed after it the rows are missed';
  if (prepared === undefined) {
    return `the account may not ask for prepared XA transactions: ${lost}. GRANT XA_RECOVER_ADMIN ON *.* TO it`;
  }
  return locked
    ? null
    : `the snapshot’s place was fixed without a lock: ${lost}, if it was prepared in that very moment. GRANT RELOAD ON *.* TO the account, with snapshot.locking.mode=minimal`;
}

function stillPrepared(names: readonly string[], timeoutMs: number): MillraceError {
  return new MillraceError(
    'MYSQL_XA_PREPARED',
    `XA transactions are prepared and not ended after ${timeoutMs} ms: ${some(names)}. The snapshot would not show their rows, and the stream from its place would not have them`,
    {
      kind: 'busy',
      key: 'snapshot.lock.timeout.ms',
      remedy:
        'XA COMMIT or XA ROLLBACK them (XA RECOVER lists them), or raise snapshot.lock.timeout.ms. It is tried again.',
    },
  );
}

function some(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(' · ') + (more > 0 ? ` and ${more} more` : '');
}
