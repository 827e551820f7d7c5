import { startHeartbeat } from '../../runtime/change/heartbeat.ts';
import type { TaskContext } from '../../runtime/connector/context.ts';
import type {
  Position,
  SourceBatch,
  SourceOffset,
  SourceTask,
  SourceTaskStart,
} from '../../runtime/connector/source.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import type { Timer } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import type { RowLayout } from '../../runtime/record/row-layout.ts';
import { Catalog } from './catalog/catalog.ts';
import { loadTables } from './catalog/table-loader.ts';
import { tableName } from './catalog/table.ts';
import { TypeRegistry } from './catalog/type-registry.ts';
import { openConnection, type Connection, type OpenOptions } from './connection.ts';
import { readOffset, StreamPosition, type StoredOffset, type StreamIdentity } from './offset.ts';
import { otherOptions } from './options/other-options.ts';
import { isAway, retriesExhausted, withRetries } from './retry-limit.ts';
import { layoutOfOrigin } from './row/row-origin.ts';
import { RowFactory } from './row/table-rows.ts';
import { readSettings, type PostgresSettings } from './settings.ts';
import { unseenSignals } from './snapshot/window/signal-table.ts';
import {
  ensurePublication,
  narrowedText,
  neededOperations,
  operationsText,
  readPublication,
  replicaIdentityStatements,
} from './slot/publication.ts';
import { readMemberships, type PublishedTable } from './slot/membership.ts';
import { PublicationWatch, unpublishedText } from './slot/publication-watch.ts';
import { checkSystem, gap } from './slot/resume-check.ts';
import { dropSlot, readSlot } from './slot/slot.ts';
import { readState } from './snapshot/state.ts';
import { PostgresSnapshot } from './snapshot/snapshot-phase.ts';
import { CapturedTables } from './stream/captured-tables.ts';
import { identify, prepareReplication } from './stream/prepare.ts';
import { ReplicationStream } from './stream/replication-stream.ts';
import type { AssemblerOptions } from './stream/assembler-options.ts';
import { SideConnection } from './stream/side-connection.ts';
import { SlotMonitor } from './stream/slot-monitor.ts';
import type { BesideReader, SnapshotPhase } from './stream/stream-start.ts';
import { TransactionRecords } from './stream/transaction-records.ts';
import { formatLsn } from './wire/lsn.ts';

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
  #start: SourceTaskStart | undefined;
  #side: SideConnection | undefined;
  #rows: RowFactory | undefined;
  #identity: StreamIdentity | undefined;
  #published: readonly PublishedTable[] = [];
  #phase: SnapshotPhase | undefined;
  #stream: ReplicationStream | undefined;
  #monitor: SlotMonitor | undefined;
  #heartbeat: Timer | undefined;
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

  async #open(start: SourceTaskStart): Promise<void> {
    const { env, context, signal } = start;
    const settings = this.#settings;
    this.#start = start;
    const ignored = otherOptions.ignored(this.#config);
    if (ignored.length > 0) context.log.warn('options without effect here', { options: ignored });
    const side = new SideConnection({
      connect: () => this.#connect(),
      lockTimeoutMs: settings.snapshot.lockTimeoutMs,
      maxRetries: settings.maxRetries,
    });
    this.#side = side;
    const rows = new RowFactory(settings.rows, {
      database: settings.connection.database,
      taskId: context.task,
      runId: env.random.uuid(),
      version: VERSION,
    });
    this.#rows = rows;
    context.stage('connecting');
    this.#identity = await this.#identify();
    checkStored(settings, start.offsets, this.#identity);
    await this.#prepareTables(side, rows, context);
    this.#phase = new PostgresSnapshot(
      {
        env,
        context,
        server: settings.prefix,
        slot: { name: settings.replication.slot, failover: settings.slotFailover },
        identity: this.#identity,
        rows,
        published: new Map(this.#published.map(({ oid, membership }) => [oid, membership])),
        needed: neededOperations(settings.publication.skipped),
        generated: false,
        options: settings.snapshot,
        maxRetries: settings.maxRetries,
        connect: (options) => this.#connect(options),
      },
      start.offsets,
    );
    await this.#phase.open(signal);
  }

  async #read(signal: AbortSignal): Promise<SourceBatch | null> {
    const phase = this.#phase;
    if (phase === undefined) throw closed();
    if (this.#stream === undefined) {
      const batch = await phase.read(signal);
      if (batch !== null) return batch;
      if (phase.only) return null;
      this.#stream = await this.#openStream(phase, signal);
    }
    return this.#stream.read(signal);
  }

  async committed(partition: JsonObject, position: Position): Promise<void> {
    if (position instanceof StreamPosition) this.#stream?.committed(position);
    else await this.#phase?.committed?.(partition, position);
  }

  layout(origin: JsonObject): RowLayout {
    return layoutOfOrigin(this.#opened().rows, origin);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#stop.abort(closed());
    this.#heartbeat?.cancel();
    this.#monitor?.close();
    await this.#stream?.close();
    await this.#phase?.close();
    if (this.#settings.dropSlotOnStop && this.#side !== undefined && this.#stream !== undefined) {
      await dropSlot(this.#side, this.#settings.replication.slot);
    }
    await this.#side?.close();
  }

  /** Connects, as often as `errors.max.retries` says. */
  #connect(options?: OpenOptions): Promise<Connection> {
    const { start } = this.#opened();
    const { env } = start;
    const signal = AbortSignal.any([start.signal, this.#stop.signal]);
    return withRetries(this.#settings, start, signal, () => openConnection(this.#settings.connection, env, options));
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

  /** Replica identities and the publication, before the slot: it has to see both from its first change. */
  async #prepareTables(side: SideConnection, rows: RowFactory, context: TaskContext): Promise<void> {
    const { publication } = this.#settings;
    const catalog = await Catalog.captured(side, rows.captures);
    const captured = catalog.tables();
    context.warning(
      'POSTGRES_NO_TABLES',
      captured.length > 0 ? null : 'the include and exclude lists match no table of this database',
    );
    const unseen = unseenSignals(this.#settings.snapshot.signalTable, captured);
    context.warning('POSTGRES_SIGNALS_UNSEEN', unseen);
    if (unseen !== null) context.log.warn(unseen);
    const leftOut = captured.flatMap((table) => rows.leftOut(table).map((column) => `${tableName(table)}.${column}`));
    context.warning(
      'POSTGRES_COLUMNS_LEFT_OUT',
      leftOut.length === 0
        ? null
        : `records leave out columns whose types have no mapping: ${leftOut.slice(0, 20).join(', ')}${leftOut.length > 20 ? ', …' : ''}. include.unknown.datatypes=true shows their text`,
    );
    for (const statement of replicaIdentityStatements(publication.replicaIdentities, captured)) {
      await side.query('setting a replica identity', statement);
      context.log.info('set a replica identity', { statement });
    }
    const statement = await ensurePublication(side, publication, captured);
    if (statement !== undefined) context.log.info('prepared the publication', { statement });
    const state = await readPublication(side, publication.name);
    this.#published = await readMemberships(side, publication.name);
    const published = this.#published.filter(({ schema, name }) => rows.captures(schema, name));
    context.warning('POSTGRES_TABLES_UNPUBLISHED', unpublishedText(publication.name, published));
    context.warning('POSTGRES_OPERATIONS_UNPUBLISHED', state === undefined ? null : operationsText(publication, state));
    context.warning('POSTGRES_PUBLICATION_NARROWED', narrowedText(publication.name, published));
  }

  async #identify(): Promise<StreamIdentity> {
    const connection = await this.#connect({ replication: true });
    try {
      const { systemId, timeline } = await identify(connection);
      return { systemId, timeline, slot: this.#settings.replication.slot };
    } finally {
      await connection.close();
    }
  }

  async #openStream(phase: SnapshotPhase, signal: AbortSignal): Promise<ReplicationStream> {
    const { start, side, rows } = this.#opened();
    const { env, context } = start;
    const { connection, replication, statusIntervalMs, maxRetries, retryWaitMs, prefix } = this.#settings;
    const { lsn, hooks, beside } = phase.start();
    const stored = streamOffset(prefix, start.offsets);
    const from = await this.#place(lsn, stored);
    const catalog = await Catalog.captured(side, rows.captures);
    const options: AssemblerOptions = {
      tables: new CapturedTables(catalog, rows, side),
      messages: { layout: rows.message, wanted: this.#settings.messageWanted },
      skipUnchanged: this.#settings.rows.skipUnchanged,
      ...(this.#settings.rows.transactionMetadata ? { transactions: new TransactionRecords(rows.transaction) } : {}),
      ...(hooks === undefined ? {} : { hooks }),
    };
    const stream = new ReplicationStream(
      {
        partition: { server: prefix },
        statusIntervalMs,
        maxRetries,
        retryWaitMs,
        announce: stored === undefined || lsn > 0n,
      },
      {
        env,
        context,
        prepare: (place, stop) => prepareReplication(connection, replication, side, env, place, stop),
      },
      options,
      from,
    );
    context.stage('starting the stream');
    try {
      await withRetries(this.#settings, { env, context }, signal, () => stream.open(from, signal));
    } catch (error) {
      await stream.close();
      throw error;
    }
    this.#startTimers(stream, beside);
    context.stage('streaming');
    return stream;
  }

  #startTimers(stream: ReplicationStream, beside: BesideReader | undefined): void {
    const { start, side, rows } = this.#opened();
    const { heartbeatMs, heartbeatQuery, slotPollMs, walWarningRatio, prefix, replication } = this.#settings;
    const settings = { slot: replication.slot, pollMs: slotPollMs, warningRatio: walWarningRatio };
    const watch = this.#watch(beside);
    this.#monitor = new SlotMonitor(start.env, start.context, settings, side, () => stream.figures, {
      look: async () => beside?.failure ?? watch.look(),
      fail: (error) => stream.fail(error),
    });
    void this.#monitor.poll();
    if (heartbeatMs === 0) return;
    const { heartbeat: topic } = rows.topics;
    const warning = 'POSTGRES_HEARTBEAT_FAILED';
    const heartbeat = { intervalMs: heartbeatMs, query: heartbeatQuery, topic, prefix, warning };
    this.#heartbeat = startHeartbeat(start.env, start.context, heartbeat, {
      own: (layout, text) => stream.own(layout, text),
      run: (doing, query) => side.query(doing, query),
    });
  }

  #watch(beside: BesideReader | undefined): PublicationWatch {
    const { start, side, rows } = this.#opened();
    const { name, skipped } = this.#settings.publication;
    const types = new TypeRegistry();
    return new PublicationWatch(
      {
        publication: name,
        needed: neededOperations(skipped),
        captures: rows.captures,
      },
      { reader: side, context: start.context, beside, load: (oids) => loadTables(side, types, { oids }) },
      this.#published,
    );
  }

  /** The stored offset; where there is none, or the snapshot says so, a place at `lsn`. */
  async #place(lsn: bigint, stored: JsonObject | undefined): Promise<StoredOffset> {
    if (stored === undefined || lsn > 0n) {
      return { place: { flushLsn: lsn, commitLsn: lsn, index: 0 }, identity: this.#identity, eventLsn: undefined };
    }
    const offset = readOffset(stored);
    return this.#settings.trustSlot ? this.#trusted(offset) : offset;
  }

  /** `offset.mismatch.strategy` lets a slot that is ahead win, and says what that costs. */
  async #trusted(offset: StoredOffset): Promise<StoredOffset> {
    const { start, side } = this.#opened();
    const slot = await readSlot(side, this.#settings.replication.slot);
    const at = slot?.confirmedFlushLsn;
    if (at === undefined || at <= offset.place.flushLsn) return offset;
    const text = `the slot stands at ${formatLsn(at)}, the offset at ${formatLsn(offset.place.flushLsn)}: ${gap(offset.place.flushLsn, at)} were skipped, as offset.mismatch.strategy says`;
    start.context.warning('POSTGRES_GAP_ACCEPTED', text);
    start.context.log.warn(text);
    return { place: { flushLsn: at, commitLsn: at, index: 0 }, identity: this.#identity, eventLsn: undefined };
  }

  #opened(): { start: SourceTaskStart; side: SideConnection; rows: RowFactory } {
    if (this.#start === undefined || this.#side === undefined || this.#rows === undefined) throw closed();
    return { start: this.#start, side: this.#side, rows: this.#rows };
  }
}

/** Nothing is made, nor changed, on a server that is not the one the stored offsets speak of. */
function checkStored(
  { prefix, replication }: PostgresSettings,
  offsets: readonly SourceOffset[],
  { systemId }: StreamIdentity,
): void {
  const { plan } = readState(prefix, offsets);
  if (plan?.slot === replication.slot) checkSystem('the stored snapshot', plan.systemId, systemId);
  const stored = streamOffset(prefix, offsets);
  const identity = stored === undefined ? undefined : readOffset(stored).identity;
  if (identity !== undefined) checkSystem('the stored offset', identity.systemId, systemId);
}

function streamOffset(prefix: string, offsets: readonly SourceOffset[]): JsonObject | undefined {
  return offsets.find(({ partition }) => partition['server'] === prefix && partition['snapshot'] === undefined)?.offset;
}

function closed(): MillraceError {
  return new MillraceError('POSTGRES_TASK_CLOSED', 'the task is not open', { kind: 'closed' });
}
