import type { TaskContext } from '../../../../runtime/connector/context.ts';
import type { Env } from '../../../../runtime/env/env.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';
import { asError } from '../../../../runtime/record/thrown.ts';
import { readCapturedNames } from '../../catalog/catalog.ts';
import { tableName } from '../../catalog/table.ts';
import type { Connection } from '../../connection.ts';
import type { RowFactory } from '../../row/table-rows.ts';
import type { BlockPool } from '../../../../runtime/change/block-pool.ts';
import { ChunkReader } from './chunk-reader.ts';
import type { ChunkProgress } from './chunk-progress.ts';
import type { Request, Requests } from './requests.ts';
import type { StreamWindows } from './stream-windows.ts';
import type { StreamPlace } from '../../offset.ts';

const RETRY_MS = 20;
const MAX_RETRY_MS = 2000;
/** Attempts without a chunk before an operator is told. */
const QUIET_ATTEMPTS = 8;
const WARNING = 'MYSQL_SNAPSHOT_WAITS';

export interface LoopEdges {
  readonly env: Env;
  readonly context: TaskContext;
  readonly rows: RowFactory;
  readonly windows: StreamWindows;
  readonly requests: Requests;
  readonly pool: BlockPool;
  readonly progress: ChunkProgress;
  /** `incremental.snapshot.chunk.size` */
  readonly chunkRows: number;
  /** Rows of a chunk of an interrupted snapshot. */
  readonly snapshotChunkRows: number;
  readonly lockTimeoutMs: number;
  connect(): Promise<Connection>;
  /** Where the stream stands. */
  place(): StreamPlace;
  /** Makes the stream look whether a chunk has its turn. */
  nudge(): void;
  /** Ends the stream: what has to be read cannot be. */
  fail(error: Error): void;
}

/**
 * The reading side of incremental snapshots: one chunk at a time, on one connection. What fails for a while is tried
 * again while the stream goes on.
 */
export class ChunkLoop {
  readonly #edges: LoopEdges;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #reader: ChunkReader | undefined;
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #stage = '';

  constructor(edges: LoopEdges) {
    this.#edges = edges;
  }

  /** There may be something to do. */
  wake(): void {
    this.#running ??= this.#run();
    this.#wake?.();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#stop.abort(new MillraceError('MYSQL_SNAPSHOT_CLOSED', 'the snapshot was closed', { kind: 'closed' }));
    this.#edges.windows.cancel('closed');
    this.#wake?.();
    this.#connection?.destroy();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { requests, progress } = this.#edges;
    while (!signal.aborted) {
      if (requests.idle || requests.paused) {
        await this.#idle();
        continue;
      }
      let request: Request | undefined;
      try {
        const connection = await this.#connect();
        if (requests.unresolved) await this.#resolve(connection);
        request = requests.current;
        if (request === undefined) continue;
        this.#show(`${request.initial === true ? '' : 'incremental '}snapshot of ${request.table}`);
        const outcome = await this.#chunk(connection, request);
        progress.show(requests);
        if (outcome === 'emitted') this.#calm();
        else await this.#wait(`${request.table}: ${outcome}`);
      } catch (error) {
        await this.#failed(request, asError(error));
      }
    }
    this.#drop();
  }

  async #chunk(connection: Connection, request: Request): Promise<string> {
    this.#reader ??= new ChunkReader(this.#edges);
    return this.#reader.chunk(connection, request, this.#stop.signal);
  }

  async #idle(): Promise<void> {
    const { requests, progress } = this.#edges;
    this.#drop();
    this.#calm();
    progress.show(requests);
    this.#show('streaming');
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#stop.signal.aborted) resolve();
    });
    this.#wake = undefined;
  }

  async #resolve(connection: Connection): Promise<void> {
    const { requests, rows } = this.#edges;
    const captured = await readCapturedNames(connection, rows.captures);
    requests.resolve(captured.map(tableName));
  }

  async #failed(request: Request | undefined, error: Error): Promise<void> {
    const { windows, requests, context } = this.#edges;
    if (this.#stop.signal.aborted) return;
    windows.cancel('reading failed');
    this.#drop();
    const passes = error instanceof MillraceError && ['unavailable', 'busy', 'throttled'].includes(error.kind);
    if (!passes && request !== undefined) {
      if (request.initial === true) {
        // Its rows are nowhere else (I5).
        this.#edges.fail(error);
        this.#stop.abort(error);
        return;
      }
      requests.remove(request);
      const why = error instanceof MillraceError && error.remedy !== undefined ? ` ${error.remedy}` : '';
      context.log.warn(`signal ${request.signal} is not carried out for ${request.table}: ${error.message}.${why}`, {
        signal: request.signal,
      });
      return;
    }
    this.#failures = Math.max(this.#failures, QUIET_ATTEMPTS);
    await this.#wait(`${request?.table ?? 'a table'} beside the stream: ${error.message}`);
  }

  #calm(): void {
    if (this.#failures >= QUIET_ATTEMPTS) this.#edges.context.warning(WARNING, null);
    this.#failures = 0;
  }

  async #wait(why: string): Promise<void> {
    const { env, context } = this.#edges;
    if (this.#failures >= QUIET_ATTEMPTS) context.warning(WARNING, `reading ${why}`);
    const ms = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures++);
    await env.timers.sleep(ms, this.#stop.signal).catch(() => undefined);
  }

  #show(stage: string): void {
    if (this.#stage === stage || (this.#stage === '' && stage === 'streaming')) return;
    this.#stage = stage;
    this.#edges.context.stage(stage);
  }

  async #connect(): Promise<Connection> {
    if (this.#connection === undefined || this.#connection.broken) this.#connection = await this.#edges.connect();
    return this.#connection;
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }
}
