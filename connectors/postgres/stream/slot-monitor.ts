import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env, Timer } from '../../../runtime/env/env.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { areRetriesExhausted } from '../retry-limit.ts';
import { gap } from '../slot/resume-check.ts';
import { readSlot, type SlotState } from '../slot/slot.ts';
import type { StreamFigures } from './replication-stream.ts';

export interface MonitorSettings {
  readonly slot: string;
  readonly pollMs: number;
  /** Share of max_slot_wal_keep_size from which a warning is shown. */
  readonly warningRatio: number;
}

/** A further look at every poll: what it returns ends the stream. */
export interface MonitorWatch {
  look(): Promise<Error | undefined>;
  fail(error: Error): void;
}

/** What the stream knows of its own delay. */
type OwnDelay = Pick<StreamFigures, 'commitTimeUs' | 'idle' | 'transactions'>;

const LAG_MS = 1000;
const GAUGES = ['lag_ms', 'lag_bytes', 'retained_wal_bytes', 'safe_wal_bytes', 'transactions_total'];
const WARNING = 'POSTGRES_WAL_RETENTION';

/**
 * Shows how far the slot is behind and what WAL it keeps on the server's disk, read at a modest
 * interval over the ordinary connection. A failed read shows nothing: the stream itself finds out.
 */
export class SlotMonitor {
  readonly #context: TaskContext;
  readonly #settings: MonitorSettings;
  readonly #reader: CatalogReader;
  readonly #watch: MonitorWatch;
  readonly #timers: readonly Timer[];
  #busy = false;
  #closed = false;

  constructor(
    env: Env,
    context: TaskContext,
    settings: MonitorSettings,
    reader: CatalogReader,
    figures: () => OwnDelay,
    watch: MonitorWatch,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#reader = reader;
    this.#watch = watch;
    this.#timers = [
      env.timers.every(settings.pollMs, () => void this.poll()),
      env.timers.every(LAG_MS, () => {
        const { commitTimeUs, idle, transactions } = figures();
        context.gauge('transactions_total', transactions);
        if (commitTimeUs === 0n) return;
        context.gauge('lag_ms', idle ? 0 : Math.max(0, env.clock.nowMs() - Number(commitTimeUs / 1000n)));
      }),
    ];
  }

  /** Reads the figures now; never rejects. */
  async poll(): Promise<void> {
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    try {
      const slot = await readSlot(this.#reader, this.#settings.slot);
      const limit = await keepLimit(this.#reader);
      if (slot !== undefined && !this.#closed) this.#show(slot, limit);
      const error = await this.#watch.look();
      if (error !== undefined && !this.#closed) this.#watch.fail(error);
    } catch (error) {
      // Otherwise the server is away or restarting.
      if (areRetriesExhausted(error) && !this.#closed) this.#watch.fail(error);
    } finally {
      this.#busy = false;
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.cancel();
    for (const name of GAUGES) this.#context.gauge(name, null);
    this.#context.info('wal_status', null);
    this.#context.warning(WARNING, null);
  }

  #show(slot: SlotState, limit: number | undefined): void {
    const { gauge, info, warning } = bound(this.#context);
    gauge('lag_bytes', slot.lagBytes);
    gauge('retained_wal_bytes', slot.retainedBytes);
    gauge('safe_wal_bytes', slot.safeWalSize ?? null);
    info('wal_status', slot.walStatus ?? null);
    warning(WARNING, retentionWarning(slot, limit, this.#settings.warningRatio));
  }
}

function bound(context: TaskContext): Pick<TaskContext, 'gauge' | 'info' | 'warning'> {
  return {
    gauge: (name, value) => context.gauge(name, value),
    info: (name, text) => context.info(name, text),
    warning: (code, text) => context.warning(code, text),
  };
}

/** Pure. `limit`: max_slot_wal_keep_size in bytes; undefined: none. */
export function retentionWarning(slot: SlotState, limit: number | undefined, ratio: number): string | null {
  if (slot.walStatus === 'unreserved' || slot.walStatus === 'lost') {
    return `the slot ${slot.name} is ${slot.walStatus}: the server may remove, or has removed, WAL it still needs. Raise max_slot_wal_keep_size now.`;
  }
  if (limit === undefined || slot.retainedBytes < limit * ratio) return null;
  return `the slot ${slot.name} keeps ${gap(0n, BigInt(slot.retainedBytes))} of WAL, of at most ${gap(0n, BigInt(limit))} (max_slot_wal_keep_size); beyond it the slot is lost.`;
}

async function keepLimit(reader: CatalogReader): Promise<number | undefined> {
  const [row] = await reader.query(
    'reading max_slot_wal_keep_size',
    "SELECT setting::bigint * 1048576 AS bytes FROM pg_settings WHERE name = 'max_slot_wal_keep_size' AND setting <> '-1'",
  );
  return row === undefined ? undefined : Number(row['bytes']);
}
