import { streamOffset } from '../../../runtime/change/stream-offset.ts';
import { BlockPool } from '../../../runtime/change/block-pool.ts';
import { startHeartbeat } from '../../../runtime/change/heartbeat.ts';
import type { SourceBatch } from '../../../runtime/connector/source.ts';
import type { Timer } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { GtidState } from '../binlog/gtid-state.ts';
import { readCollations } from '../catalog/catalog.ts';
import type { StreamPlace } from '../offset.ts';
import type { OpenedServer } from '../opened-server.ts';
import { SchemaChanges } from '../schema/schema-changes.ts';
import type { MysqlSettings } from '../settings.ts';
import type { StreamBeginning } from '../snapshot/beginning.ts';
import { ReadPlaces } from '../snapshot/read-places.ts';
import { Incremental } from '../snapshot/window/incremental.ts';
import { startDump } from './binlog-start.ts';
import { BinlogStream } from './binlog-stream.ts';
import type { EventFeed } from './event-feed.ts';
import { checkPlace } from './place-check.ts';
import { ResetWatch } from './reset-watch.ts';
import { RowAssembler } from './row-assembler.ts';
import { statementHooks } from './statement-hooks.ts';
import { TableSource } from './table-source.ts';
import { TransactionRecords } from './transaction-records.ts';

/** Heartbeats of the server that may stay away before it counts as lost. */
const SILENT_PERIODS = 3;

/** Most rows of a chunk of an interrupted snapshot: the stream has to come to its place. */
const BESIDE_ROWS = 20_000;

/** The stream and what runs beside it: incremental snapshots, heartbeats, gauges. */
export class RunningStream {
  readonly #opened: OpenedServer;
  readonly #settings: MysqlSettings;
  readonly #pool = new BlockPool(4);
  readonly #reads: ReadPlaces;
  readonly #incremental: Incremental | undefined;
  #stream: BinlogStream | undefined;
  #heartbeat: Timer | undefined;

  constructor(opened: OpenedServer, settings: MysqlSettings, { later, notes }: StreamBeginning) {
    this.#opened = opened;
    this.#settings = settings;
    this.#reads = new ReadPlaces(opened.family, opened.server, later, settings.sources);
    this.#incremental = this.#makeIncremental(notes ?? streamOffset(settings.prefix, opened.start.offsets));
  }

  async open({ from }: StreamBeginning, signal: AbortSignal): Promise<void> {
    const { start, server, partition, side, history } = this.#opened;
    const { env, context } = start;
    const { keepAliveMs, maxRetries, retryWaitMs } = this.#settings;
    const incremental = this.#incremental;
    const reads = this.#reads;
    const silenceMs = keepAliveMs * SILENT_PERIODS;
    const stream = new BinlogStream(
      { partition, maxRetries, retryWaitMs, idleProgressMs: keepAliveMs, silenceMs },
      {
        env,
        context,
        pool: this.#pool,
        connect: this.#dumper(from.server),
        resets: new ResetWatch(side, server),
        notes: (at) => ({ ...incremental?.annotation(), ...reads.annotation(at), ...history?.tag(at) }),
        ...(incremental === undefined ? {} : { windows: incremental.windows }),
      },
      await this.#assembler(from.place),
      server,
    );
    this.#stream = stream;
    context.stage('starting the stream');
    await stream.open(signal);
    this.#heartbeat = this.#startHeartbeat(stream);
    context.stage('streaming');
    incremental?.start();
  }

  async read(signal: AbortSignal): Promise<SourceBatch> {
    const { env, context } = this.#opened.start;
    const stream = this.#must();
    const batch = await stream.read(signal);
    const { place } = stream;
    if (stream.seconds > 0) context.gauge('lag_ms', Math.max(0, env.clock.nowMs() - stream.seconds * 1000));
    context.info('binlog_place', `${place.file}:${place.position}`);
    return batch;
  }

  /** Idempotent; also after `open` failed. */
  async close(): Promise<void> {
    this.#heartbeat?.cancel();
    this.#stream?.close();
    await this.#incremental?.close();
  }

  /** Connects at a place. `server`: whose place the first one is, where that is known. */
  #dumper(server: string | undefined): (place: StreamPlace, signal: AbortSignal) => Promise<EventFeed> {
    const { start, side } = this.#opened;
    const { connection, serverId, keepAliveMs, includeQuery, sources } = this.#settings;
    const dump = { connection, serverId, heartbeatMs: keepAliveMs, annotate: includeQuery, sources };
    let known = server;
    return async (place, signal) => {
      // Rows that were read count as the stream's own: a server without them is not gone on with.
      for (const read of this.#reads.places) await side.use((reader) => checkPlace(reader, read, read.server, sources));
      const feed = await startDump(dump, start.env, place, known, signal);
      known = this.#opened.server;
      return feed;
    };
  }

  async #assembler(place: StreamPlace): Promise<RowAssembler> {
    const { side, rows, family, history, start } = this.#opened;
    const { rows: options, includeQuery, schemaChanges, sources } = this.#settings;
    const tables = new TableSource(rows, side, await side.use(readCollations), history);
    const schema = schemaChanges ? new SchemaChanges(rows, family, side) : undefined;
    const tellUnseen = (text: string): void => {
      start.context.warning('MYSQL_ROWS_UNSEEN', text);
      start.context.log.warn(text);
    };
    return new RowAssembler(
      {
        tables,
        skipUnchanged: options.skipUnchanged,
        includeQuery,
        sources,
        reads: this.#reads,
        statements: statementHooks(tables, schema, tellUnseen),
        ...(this.#incremental === undefined ? {} : { changes: this.#incremental }),
        ...(options.transactionMetadata ? { transactions: new TransactionRecords(rows.transaction) } : {}),
      },
      this.#pool.take(),
      place,
      new GtidState(family, place.gtids),
    );
  }

  /** undefined: no signal can come, and none is under way. `offset`: what the stream's keeps. */
  #makeIncremental(offset: StreamBeginning['notes']): Incremental | undefined {
    const { start, rows, connect } = this.#opened;
    const { signalTable, windowRows, snapshot } = this.#settings;
    if (signalTable === undefined && offset?.['millrace.incremental'] === undefined) return undefined;
    return new Incremental(
      {
        env: start.env,
        context: start.context,
        rows,
        pool: this.#pool,
        chunkRows: windowRows,
        snapshotChunkRows: Math.min(snapshot.chunkRows, BESIDE_ROWS),
        lockTimeoutMs: snapshot.lockTimeoutMs,
        connect,
        place: () => this.#must().place,
        nudge: () => this.#stream?.wake(),
        fail: (error) => this.#stream?.fail(error),
      },
      signalTable,
      offset,
    );
  }

  #startHeartbeat(stream: BinlogStream): Timer | undefined {
    const { start, side, rows } = this.#opened;
    const { heartbeatMs, heartbeatQuery, prefix } = this.#settings;
    if (heartbeatMs === 0) return undefined;
    const { heartbeat: topic } = rows.topics;
    const warning = 'MYSQL_HEARTBEAT_FAILED';
    const settings = { intervalMs: heartbeatMs, query: heartbeatQuery, topic, prefix, warning };
    return startHeartbeat(start.env, start.context, settings, {
      own: (layout, text) => stream.own(layout, text),
      run: (doing, query) => side.use((connection) => connection.query(doing, query)),
    });
  }

  #must(): BinlogStream {
    if (this.#stream !== undefined) return this.#stream;
    throw new MillraceError('MYSQL_TASK_CLOSED', 'the stream is not open', { kind: 'closed' });
  }
}
