import { BlockPool } from '../../runtime/change/block-pool.ts';
import { startHeartbeat } from '../../runtime/change/heartbeat.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Position, SourceBatch, SourceTask, SourceTaskStart } from '../../runtime/connector/source.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import type { Timer } from '../../runtime/env/env.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import type { RowBlock } from '../../runtime/record/row-block.ts';
import { GtidState } from './binlog/gtid-state.ts';
import { readCollations } from './catalog/catalog.ts';
import { warnOfUnseen } from './catalog/unseen-tables.ts';
import { openConnection, type Connection } from './connection.ts';
import { readOffset, type StoredOffset, type StreamPlace } from './offset.ts';
import { otherOptions } from './options/other-options.ts';
import { requireServer } from './server-facts.ts';
import type { Family } from './row/source-block.ts';
import { RowFactory } from './row/table-rows.ts';
import { readSettings, type MysqlSettings } from './settings.ts';
import { currentPlace } from './snapshot/consistent-point.ts';
import { openHistory } from './schema/history/open-history.ts';
import type { SchemaHistory } from './schema/history/schema-history.ts';
import { SchemaChanges } from './schema/schema-changes.ts';
import { decideStart } from './snapshot/decide.ts';
import { addDefinitions, SnapshotReader } from './snapshot/snapshot-reader.ts';
import { Incremental } from './snapshot/window/incremental.ts';
import { ReadPlaces, readPlaces, type ReadPlace } from './snapshot/read-places.ts';
import { besideProgress, planResumption, usableSnapshot, type Resumption } from './snapshot/resume.ts';
import { openSnapshot, SnapshotState, streamOffset, type OpenSnapshot } from './snapshot/snapshot-state.ts';
import { RowAssembler, type ChangeListener } from './stream/row-assembler.ts';
import { startDump } from './stream/binlog-start.ts';
import { BinlogStream } from './stream/binlog-stream.ts';
import type { EventFeed } from './stream/event-feed.ts';
import { checkPlace, readServerUuid } from './stream/place-check.ts';
import { ResetWatch } from './stream/reset-watch.ts';
import { SideConnection } from './stream/side-connection.ts';
import { statementHooks } from './stream/statement-hooks.ts';
import { TableSource } from './stream/table-source.ts';
import { TransactionRecords } from './stream/transaction-records.ts';

/** Heartbeats of the server that may stay away before it counts as lost. */
const SILENT_PERIODS = 3;

/** Most rows of a chunk of an interrupted snapshot: the stream has to come to its place. */
const BESIDE_ROWS = 20_000;

/** What is known after the first connection. */
interface Opened {
  readonly start: SourceTaskStart;
  readonly side: SideConnection;
  readonly rows: RowFactory;
  readonly family: Family;
  readonly server: string;
  readonly partition: JsonObject;
  /** Absent: the binlog describes its tables. */
  readonly history: SchemaHistory | undefined;
  connect(): Promise<Connection>;
}

/**
 * A server's changes: first the tables as they are, where the mode says so, then its binlog.
 *
 *     open: is the server set up · snapshot, or the stored place, or the server's present place
 *     read: snapshot batches until there are none · then the stream
 */
export class MysqlTask implements SourceTask {
  readonly #settings: MysqlSettings;
  readonly #config: RawConfig;
  #opened: Opened | undefined;
  #snapshot: SnapshotReader | undefined;
  #stream: BinlogStream | undefined;
  #from: StoredOffset | undefined;
  /** What of an interrupted snapshot is read beside the stream. */
  #notes: JsonObject | undefined;
  /** Tables that the stream begins before. */
  #later: readonly ReadPlace[] = [];
  /** Goes out before all else. */
  #handover: SourceBatch | undefined;
  #ends = false;
  #heartbeat: Timer | undefined;
  #incremental: Incremental | undefined;
  #closed = false;

  /** Throws a `config` error. */
  constructor(config: RawConfig) {
    this.#settings = readSettings(config);
    this.#config = config;
  }

  async open(start: SourceTaskStart): Promise<void> {
    const { env, context, signal } = start;
    const settings = this.#settings;
    const ignored = otherOptions.ignored(this.#config);
    if (ignored.length > 0) context.log.warn('options without effect here', { options: ignored });
    context.stage('connecting');
    const connect = (): Promise<Connection> => openConnection(settings.connection, env);
    const side = new SideConnection(connect);
    const partition = { server: settings.prefix };
    const { family, server, described } = await side.use(async (connection) => {
      const { described } = await requireServer(connection);
      const family: Family = connection.mariadb ? 'mariadb' : 'mysql';
      return { family, server: await readServerUuid(connection), described };
    });
    const rows = new RowFactory(settings.rows, {
      family,
      taskId: context.task,
      runId: env.random.uuid(),
      version: VERSION,
    });
    this.#opened = { start, side, rows, family, server, partition, connect, history: undefined };
    await side.use((connection) => warnOfUnseen(connection, rows, context));
    const history = described ? undefined : await openHistory(start, settings, server, rows);
    this.#opened = { ...this.#opened, history };
    await this.#begin(signal);
  }

  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    const { start } = this.#must();
    const handover = this.#handover;
    this.#handover = undefined;
    if (handover !== undefined) return handover;
    if (this.#snapshot !== undefined) {
      const batch = await this.#snapshot.read(signal);
      if (batch !== null) return batch;
      this.#ends = this.#settings.snapshot.mode === 'initial_only';
      const { place } = this.#snapshot;
      if (place !== undefined) this.#from = { place, server: this.#must().server };
      this.#later = this.#snapshot.later;
      await this.#snapshot.close();
      this.#snapshot = undefined;
    }
    if (this.#ends) return null;
    this.#stream ??= await this.#openStream(signal);
    const batch = await this.#stream.read(signal);
    this.#gauges(start);
    return batch;
  }

  committed(_partition: JsonObject, position: Position): Promise<void> {
    if (position instanceof SnapshotState) this.#snapshot?.committed();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#heartbeat?.cancel();
    this.#stream?.close();
    await this.#incremental?.close();
    await this.#snapshot?.close();
    await this.#opened?.side.close();
  }

  #tellUnseen(text: string): void {
    const { context } = this.#must().start;
    context.warning('MYSQL_ROWS_UNSEEN', text);
    context.log.warn(text);
  }

  /** Decides between the snapshot, the stored place, and the server's present place. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { start, side, server, history } = this.#must();
    const { snapshot, prefix, sources } = this.#settings;
    const offset = streamOffset(prefix, start.offsets);
    const stored = offset === undefined ? undefined : readOffset(offset);
    const fits = async (): Promise<void> => {
      if (stored === undefined) return;
      const places = [{ ...stored.place, server: stored.server }, ...readPlaces(offset)];
      for (const place of places) await side.use((reader) => checkPlace(reader, place, place.server, sources));
    };
    const decision = await decideStart(snapshot.mode, stored !== undefined, fits);
    switch (decision) {
      case 'end':
        this.#ends = true;
        return;
      case 'stored':
        this.#from = stored;
        this.#later = readPlaces(offset);
        break;
      case 'now':
        this.#from = { place: await side.use(currentPlace), server };
        break;
      case 'snapshot':
        await this.#beginSnapshot(signal);
        return;
    }
    if (history === undefined || this.#from === undefined) return;
    if (snapshot.mode === 'recovery') await history.recover(this.#from.place);
    else await history.resume(this.#from, offset);
  }

  async #beginSnapshot(signal: AbortSignal): Promise<void> {
    const { start, side, partition, server, rows, family, connect, history } = this.#must();
    const { snapshot, prefix, schemaChanges, sources } = this.#settings;
    const open = await usableSnapshot(openSnapshot(prefix, start.offsets), snapshot.mode, start.context.log, (stored) =>
      side.use((connection) => checkPlace(connection, stored.place, stored.server, sources)),
    );
    if (open !== undefined) await history?.resume(open, undefined);
    const resumption =
      open === undefined ? undefined : await side.use((connection) => planResumption(connection, rows, snapshot, open));
    this.#notes = resumption?.notes;
    if (open !== undefined && resumption?.others === false) {
      await this.#beginBeside(open, resumption);
      return;
    }
    this.#snapshot = new SnapshotReader(snapshot, {
      env: start.env,
      context: start.context,
      rows,
      partition,
      prefix,
      server,
      open: connect,
      ...(open === undefined ? {} : { resume: open }),
      ...(resumption === undefined ? {} : { beside: resumption }),
      ...(schemaChanges ? { schema: new SchemaChanges(rows, family, side) } : {}),
      ...(history === undefined ? {} : { history }),
    });
    await this.#snapshot.open(signal);
  }

  /** All that is open of the snapshot is read beside the stream, which begins at once. */
  async #beginBeside(open: OpenSnapshot, { notes, tables, captured }: Resumption): Promise<void> {
    const { start, partition, server, side, rows, family } = this.#must();
    const { prefix, schemaChanges } = this.#settings;
    start.context.log.info('the interrupted snapshot goes on beside the stream', { tables: [...tables] });
    const block = new BlockPool(0).take();
    if (schemaChanges && captured.length > 0) {
      // Whether the first attempt came to send them is not known.
      const schema = new SchemaChanges(rows, family, side);
      const to = { block, place: open.place, env: start.env };
      await side.use((connection) => addDefinitions(schema, connection, captured, to));
    }
    this.#from = open;
    this.#later = open.later;
    const seconds = Math.floor(start.env.clock.nowMs() / 1000);
    const progress = besideProgress(open, { notes, tables }, { partition, prefix, server, seconds });
    this.#handover = { records: block.count === 0 ? [] : block, progress };
  }

  async #openStream(signal: AbortSignal): Promise<BinlogStream> {
    const { start, family, server, partition, side, history } = this.#must();
    const { env, context } = start;
    const { connection, serverId, keepAliveMs, includeQuery, sources, maxRetries, retryWaitMs } = this.#settings;
    const from = this.#from;
    if (from === undefined) throw closed();
    const pool = new BlockPool(4);
    const incremental = this.#openIncremental(pool);
    const dump = { connection, serverId, heartbeatMs: keepAliveMs, annotate: includeQuery, sources };
    const silenceMs = keepAliveMs * SILENT_PERIODS;
    const reads = new ReadPlaces(family, server, this.#later, sources);
    let known = from.server;
    const connect = async (place: StreamPlace, stop: AbortSignal): Promise<EventFeed> => {
      // Rows that were read count as the stream's own: a server without them is not gone on with.
      for (const read of reads.places) await side.use((reader) => checkPlace(reader, read, read.server, sources));
      const feed = await startDump(dump, env, place, known, stop);
      known = server;
      return feed;
    };
    const stream = new BinlogStream(
      { partition, maxRetries, retryWaitMs, idleProgressMs: keepAliveMs, silenceMs },
      {
        env,
        context,
        pool,
        connect,
        resets: new ResetWatch(side, server),
        notes: (at) => ({ ...incremental?.annotation(), ...reads.annotation(at), ...history?.tag(at) }),
        ...(incremental === undefined ? {} : { windows: incremental.windows }),
      },
      await this.#assembler(from.place, pool.take(), reads, incremental),
      server,
    );
    context.stage('starting the stream');
    try {
      await stream.open(signal);
    } catch (error) {
      stream.close();
      throw error;
    }
    this.#startHeartbeat(stream);
    this.#stream = stream;
    context.stage('streaming');
    incremental?.start();
    return stream;
  }

  /** undefined: no signal can come, and none is under way. */
  #openIncremental(pool: BlockPool): Incremental | undefined {
    const { start, rows, connect } = this.#must();
    const { prefix, signalTable, windowRows, snapshot } = this.#settings;
    const offset = this.#notes ?? streamOffset(prefix, start.offsets);
    if (signalTable === undefined && offset?.['millrace.incremental'] === undefined) return undefined;
    this.#incremental = new Incremental(
      {
        env: start.env,
        context: start.context,
        rows,
        pool,
        chunkRows: windowRows,
        snapshotChunkRows: Math.min(snapshot.chunkRows, BESIDE_ROWS),
        lockTimeoutMs: snapshot.lockTimeoutMs,
        connect,
        place: () => (this.#stream ?? closedStream()).place,
        nudge: () => this.#stream?.wake(),
        fail: (error) => this.#stream?.fail(error),
      },
      signalTable,
      offset,
    );
    return this.#incremental;
  }

  async #assembler(
    place: StreamPlace,
    block: RowBlock,
    reads: ReadPlaces,
    changes: ChangeListener | undefined,
  ): Promise<RowAssembler> {
    const { side, rows, family, history } = this.#must();
    const { rows: options, includeQuery, schemaChanges, sources } = this.#settings;
    const tables = new TableSource(rows, side, await side.use(readCollations), history);
    const schema = schemaChanges ? new SchemaChanges(rows, family, side) : undefined;
    return new RowAssembler(
      {
        tables,
        skipUnchanged: options.skipUnchanged,
        includeQuery,
        sources,
        reads,
        statements: statementHooks(tables, schema, (text) => this.#tellUnseen(text)),
        ...(changes === undefined ? {} : { changes }),
        ...(options.transactionMetadata ? { transactions: new TransactionRecords(rows.transaction) } : {}),
      },
      block,
      place,
      new GtidState(family, place.gtids),
    );
  }

  #startHeartbeat(stream: BinlogStream): void {
    const { start, side, rows } = this.#must();
    const { heartbeatMs, heartbeatQuery, prefix } = this.#settings;
    if (heartbeatMs === 0) return;
    const { heartbeat: topic } = rows.topics;
    const warning = 'MYSQL_HEARTBEAT_FAILED';
    const settings = { intervalMs: heartbeatMs, query: heartbeatQuery, topic, prefix, warning };
    this.#heartbeat = startHeartbeat(start.env, start.context, settings, {
      own: (layout, text) => stream.own(layout, text),
      run: (doing, query) => side.use((connection) => connection.query(doing, query)),
    });
  }

  #gauges({ env, context }: SourceTaskStart): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    const { place } = stream;
    if (stream.seconds > 0) context.gauge('lag_ms', Math.max(0, env.clock.nowMs() - stream.seconds * 1000));
    context.info('binlog_place', `${place.file}:${place.position}`);
  }

  #must(): Opened {
    if (this.#opened === undefined) throw closed();
    return this.#opened;
  }
}

function closedStream(): never {
  throw closed();
}

function closed(): MillraceError {
  return new MillraceError('MYSQL_TASK_CLOSED', 'the task is not open', { kind: 'closed' });
}
