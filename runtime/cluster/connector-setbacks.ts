import type { Log } from '../connector/context.ts';
import type { Env, Timer } from '../env/env.ts';
import type { Redactor } from '../observe/redactor.ts';
import { messageOf } from '../record/thrown.ts';
import type { ConfigStore } from '../store/configs.ts';
import type { StatusStore } from '../store/statuses.ts';
import { backoffMs } from '../task/error/backoff.ts';
import { traceOf } from '../task/error/failure.ts';
import { retryClass } from '../task/error/retry.ts';
import { connectorStatus } from './connector-run.ts';

const RETRY_WAIT = { firstMs: 500, maxMs: 30_000 };

/** What kept a connector from being brought in line, and the next try where there is one. */
interface Setback {
  readonly trace: string;
  readonly attempt: number;
  readonly again: Timer | null;
}

interface SetbackOptions {
  readonly env: Env;
  readonly log: Log;
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly redactor?: Redactor;
  /** Read at each use. */
  readonly workerId: string;
}

/**
 * Connectors that are not as they are wanted. One whose failure passes (a full disk, say) is tried
 * again with back-off; any other waits for the operator. A success clears what came before it.
 */
export class ConnectorSetbacks {
  readonly #options: SetbackOptions;
  readonly #again: (name: string) => void;
  readonly #setbacks = new Map<string, Setback>();
  #closing = false;

  /** `again`: asks for a connector to be brought in line once more. */
  constructor(options: SetbackOptions, again: (name: string) => void) {
    this.#options = options;
    this.#again = again;
  }

  /** Why the connector is not as it is wanted, though its status may not have been writable; null: it is, or is about to be. */
  trace(name: string): string | null {
    return this.#setbacks.get(name)?.trace ?? null;
  }

  /** The connector is as it is wanted. */
  clear(name: string): void {
    this.#setbacks.get(name)?.again?.cancel();
    this.#setbacks.delete(name);
  }

  /** Never throws: the status of a failure may not be writable either. */
  async failed(name: string, error: unknown): Promise<void> {
    const { log, statuses, workerId, configs } = this.#options;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    log.error(`connector failed: ${messageOf(error)}`, { connector: name, code });
    const trace = this.#shown(error);
    this.#setBack(name, error, trace);
    const generation = configs.get(name)?.epoch ?? 0;
    try {
      await statuses.putConnector(name, connectorStatus('FAILED', workerId, generation, null, trace));
    } catch (failure) {
      log.error('writing a status failed', { connector: name, error: traceOf(failure) });
    }
  }

  /** No further tries. */
  close(): void {
    this.#closing = true;
    for (const { again } of this.#setbacks.values()) again?.cancel();
  }

  #setBack(name: string, error: unknown, trace: string): void {
    const { env } = this.#options;
    const before = this.#setbacks.get(name);
    before?.again?.cancel();
    const attempt = (before?.attempt ?? 0) + 1;
    const retries = retryClass(error) === 'retry' && !this.#closing;
    const waitMs = backoffMs(attempt, RETRY_WAIT, env.random.next());
    const again = retries ? env.timers.after(waitMs, () => this.#again(name)) : null;
    this.#setbacks.set(name, { trace, attempt, again });
  }

  /** For answers and the status topic: without secrets (I9). */
  #shown(error: unknown): string {
    const trace = traceOf(error);
    return this.#options.redactor?.hide(trace) ?? trace;
  }
}
