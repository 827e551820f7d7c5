import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Position, SourceBatch, SourceTask, SourceTaskStart } from '../../runtime/connector/source.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import type { RowLayout } from '../../runtime/record/row-layout.ts';
import { openConnection, type Connection, type OpenOptions } from './connection.ts';
import { StreamPosition } from './offset.ts';
import { openServer, type OpenedServer } from './opened-server.ts';
import { otherOptions } from './options/other-options.ts';
import { isAway, retriesExhausted, withRetries } from './retry-limit.ts';
import { layoutOfOrigin } from './row/row-origin.ts';
import { readSettings, type PostgresSettings } from './settings.ts';
import { neededOperations } from './slot/publication.ts';
import { dropSlot } from './slot/slot.ts';
import { PostgresSnapshot } from './snapshot/snapshot-phase.ts';
import { RunningStream } from './stream/running-stream.ts';
import { SideConnection } from './stream/side-connection.ts';
import type { SnapshotPhase } from './stream/stream-start.ts';

/**
 * A database's changes: first what the snapshot has to read, then the slot's stream
 * (docs/decisions/20261125-postgres-snapshot.md).
 *
 *     open: is it the server of the offsets · publication and replica identities · snapshot phase
 *     read: snapshot batches until there are none · then the stream
 */
export class PostgresTask implements SourceTask {
  readonly #settings: PostgresSettings;
  readonly #config: RawConfig;
  #side: SideConnection | undefined;
  #opened: OpenedServer | undefined;
  #phase: SnapshotPhase | undefined;
  #stream: RunningStream | undefined;
  #closed = false;
  readonly #stop = new AbortController();

  /** Throws a `config` error. */
  constructor(config: RawConfig) {
    this.#settings = readSettings(config);
    this.#config = config;
  }

  open(start: SourceTaskStart): Promise<void> {
    return this.#limited(() => this.#open(start));
  }

  read(signal: AbortSignal): Promise<SourceBatch | null> {
    return this.#limited(() => this.#read(signal));
  }

  async committed(partition: JsonObject, position: Position): Promise<void> {
    if (position instanceof StreamPosition) this.#stream?.committed(position);
    else await this.#phase?.committed?.(partition, position);
  }

  layout(origin: JsonObject): RowLayout {
    if (this.#opened === undefined) throw closed();
    return layoutOfOrigin(this.#opened.rows, origin);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort(closed());
    await this.#stream?.close();
    await this.#phase?.close();
    if (this.#settings.dropSlotOnStop && this.#side !== undefined && this.#stream !== undefined) {
      await dropSlot(this.#side, this.#settings.replication.slot);
    }
    await this.#side?.close();
  }

  async #open(start: SourceTaskStart): Promise<void> {
    const { context, signal } = start;
    const settings = this.#settings;
    const ignored = otherOptions.ignored(this.#config);
    if (ignored.length > 0) context.log.warn('options without effect here', { options: ignored });
    const connect = (options?: OpenOptions): Promise<Connection> => this.#connect(start, options);
    this.#side = new SideConnection({
      connect,
      lockTimeoutMs: settings.snapshot.lockTimeoutMs,
      maxRetries: settings.maxRetries,
    });
    context.stage('connecting');
    this.#opened = await openServer(start, settings, this.#side, connect);
    this.#phase = this.#newPhase(this.#opened, connect);
    await this.#phase.open(signal);
  }

  async #read(signal: AbortSignal): Promise<SourceBatch | null> {
    if (this.#opened === undefined || this.#phase === undefined) throw closed();
    if (this.#stream === undefined) {
      const batch = await this.#phase.read(signal);
      if (batch !== null) return batch;
      if (this.#phase.only) return null;
      this.#stream = await this.#openStream(this.#opened, this.#phase, signal);
    }
    return this.#stream.read(signal);
  }

  #newPhase(
    { start, rows, identity, published }: OpenedServer,
    connect: (options?: OpenOptions) => Promise<Connection>,
  ): SnapshotPhase {
    const { prefix, replication, slotFailover, publication, snapshot, maxRetries } = this.#settings;
    return new PostgresSnapshot(
      {
        env: start.env,
        context: start.context,
        server: prefix,
        slot: { name: replication.slot, failover: slotFailover },
        identity,
        rows,
        published: new Map(published.map(({ oid, membership }) => [oid, membership])),
        needed: neededOperations(publication.skipped),
        generated: false,
        options: snapshot,
        maxRetries,
        connect,
      },
      start.offsets,
    );
  }

  async #openStream(opened: OpenedServer, phase: SnapshotPhase, signal: AbortSignal): Promise<RunningStream> {
    const stream = new RunningStream(opened, this.#settings);
    try {
      await stream.open(phase.start(), signal);
    } catch (error) {
      await stream.close();
      throw error;
    }
    return stream;
  }

  /** Connects, as often as `errors.max.retries` says. */
  #connect(start: SourceTaskStart, options?: OpenOptions): Promise<Connection> {
    const signal = AbortSignal.any([start.signal, this.#stop.signal]);
    const { connection } = this.#settings;
    return withRetries(this.#settings, start, signal, () => openConnection(connection, start.env, options));
  }

  /** What is not tried again here must not be tried again by starting the task anew. */
  async #limited<T>(work: () => Promise<T>): Promise<T> {
    const { maxRetries } = this.#settings;
    try {
      return await work();
    } catch (error) {
      const exhausted = maxRetries === 0 || (maxRetries > 0 && this.#stream !== undefined);
      throw exhausted && isAway(error) ? retriesExhausted(error, maxRetries) : error;
    }
  }
}

function closed(): MillraceError {
  return new MillraceError('POSTGRES_TASK_CLOSED', 'the task is not open', { kind: 'closed' });
}
