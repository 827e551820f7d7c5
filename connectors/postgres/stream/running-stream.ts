import { startHeartbeat } from '../../../runtime/change/heartbeat.ts';
import { streamOffset } from '../../../runtime/change/stream-offset.ts';
import type { SourceBatch } from '../../../runtime/connector/source.ts';
import type { Timer } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { Catalog } from '../catalog/catalog.ts';
import { loadTables } from '../catalog/table-loader.ts';
import { TypeRegistry } from '../catalog/type-registry.ts';
import { readOffset, type StoredOffset, type StreamPosition } from '../offset.ts';
import type { OpenedServer } from '../opened-server.ts';
import { withRetries } from '../retry-limit.ts';
import type { PostgresSettings } from '../settings.ts';
import { neededOperations } from '../slot/publication.ts';
import { PublicationWatch } from '../slot/publication-watch.ts';
import { gap } from '../slot/resume-check.ts';
import { readSlot } from '../slot/slot.ts';
import { formatLsn } from '../wire/lsn.ts';
import type { AssemblerOptions } from './assembler-options.ts';
import { CapturedTables } from './captured-tables.ts';
import { prepareReplication } from './prepare.ts';
import { ReplicationStream } from './replication-stream.ts';
import { SlotMonitor } from './slot-monitor.ts';
import type { BesideReader, StreamStart } from './stream-start.ts';
import { TransactionRecords } from './transaction-records.ts';

/** The stream and what runs beside it: heartbeats, and a watch over slot and publication. */
export class RunningStream {
  readonly #opened: OpenedServer;
  readonly #settings: PostgresSettings;
  #stream: ReplicationStream | undefined;
  #monitor: SlotMonitor | undefined;
  #heartbeat: Timer | undefined;

  constructor(opened: OpenedServer, settings: PostgresSettings) {
    this.#opened = opened;
    this.#settings = settings;
  }

  /** Connects and starts where the snapshot phase says. The first failure is retried as the options say. */
  async open({ lsn, hooks, beside }: StreamStart, signal: AbortSignal): Promise<void> {
    const { start, side } = this.#opened;
    const { env, context } = start;
    const settings = this.#settings;
    const { connection, replication, statusIntervalMs, maxRetries, retryWaitMs, prefix } = settings;
    const stored = streamOffset(prefix, start.offsets);
    const from = await this.#place(lsn, stored);
    const announce = stored === undefined || lsn > 0n;
    const stream = new ReplicationStream(
      { partition: { server: prefix }, statusIntervalMs, maxRetries, retryWaitMs, announce },
      {
        env,
        context,
        prepare: (place, stop) => prepareReplication(connection, replication, side, env, place, stop),
      },
      await this.#assemblerOptions(hooks),
      from,
    );
    this.#stream = stream;
    context.stage('starting the stream');
    await withRetries(settings, { env, context }, signal, () => stream.open(from, signal));
    this.#monitor = this.#startMonitor(stream, beside);
    this.#heartbeat = this.#startHeartbeat(stream);
    context.stage('streaming');
  }

  read(signal: AbortSignal): Promise<SourceBatch> {
    return this.#must().read(signal);
  }

  /** The position and its offset are durable: the server may forget what is before (I1). */
  committed(position: StreamPosition): void {
    this.#stream?.committed(position);
  }

  /** Idempotent; also after `open` failed. */
  async close(): Promise<void> {
    this.#heartbeat?.cancel();
    this.#monitor?.close();
    await this.#stream?.close();
  }

  async #assemblerOptions(hooks: StreamStart['hooks']): Promise<AssemblerOptions> {
    const { side, rows } = this.#opened;
    const { messageWanted, rows: options } = this.#settings;
    return {
      tables: new CapturedTables(await Catalog.captured(side, rows.captures), rows, side),
      messages: { layout: rows.message, wanted: messageWanted },
      skipUnchanged: options.skipUnchanged,
      ...(options.transactionMetadata ? { transactions: new TransactionRecords(rows.transaction) } : {}),
      ...(hooks === undefined ? {} : { hooks }),
    };
  }

  #startMonitor(stream: ReplicationStream, beside: BesideReader | undefined): SlotMonitor {
    const { start, side } = this.#opened;
    const { slotPollMs, walWarningRatio, replication } = this.#settings;
    const settings = { slot: replication.slot, pollMs: slotPollMs, warningRatio: walWarningRatio };
    const watch = this.#watch(beside);
    const monitor = new SlotMonitor(start.env, start.context, settings, side, () => stream.figures, {
      look: async () => beside?.failure ?? watch.look(),
      fail: (error) => stream.fail(error),
    });
    void monitor.poll();
    return monitor;
  }

  #watch(beside: BesideReader | undefined): PublicationWatch {
    const { start, side, rows, published } = this.#opened;
    const { name, skipped } = this.#settings.publication;
    const types = new TypeRegistry();
    return new PublicationWatch(
      { publication: name, needed: neededOperations(skipped), captures: rows.captures },
      { reader: side, context: start.context, beside, load: (oids) => loadTables(side, types, { oids }) },
      published,
    );
  }

  #startHeartbeat(stream: ReplicationStream): Timer | undefined {
    const { start, side, rows } = this.#opened;
    const { heartbeatMs, heartbeatQuery, prefix } = this.#settings;
    if (heartbeatMs === 0) return undefined;
    const { heartbeat: topic } = rows.topics;
    const warning = 'POSTGRES_HEARTBEAT_FAILED';
    const settings = { intervalMs: heartbeatMs, query: heartbeatQuery, topic, prefix, warning };
    return startHeartbeat(start.env, start.context, settings, {
      own: (layout, text) => stream.own(layout, text),
      run: (doing, query) => side.query(doing, query),
    });
  }

  /** The stored offset; where there is none, or the snapshot says so, a place at `lsn`. */
  async #place(lsn: bigint, stored: JsonObject | undefined): Promise<StoredOffset> {
    if (stored === undefined || lsn > 0n) return this.#placeAt(lsn);
    const offset = readOffset(stored);
    return this.#settings.trustSlot ? this.#trusted(offset) : offset;
  }

  /** `offset.mismatch.strategy` lets a slot that is ahead win, and says what that costs. */
  async #trusted(offset: StoredOffset): Promise<StoredOffset> {
    const { start, side } = this.#opened;
    const slot = await readSlot(side, this.#settings.replication.slot);
    const at = slot?.confirmedFlushLsn;
    if (at === undefined || at <= offset.place.flushLsn) return offset;
    const text = `the slot stands at ${formatLsn(at)}, the offset at ${formatLsn(offset.place.flushLsn)}: ${gap(offset.place.flushLsn, at)} were skipped, as offset.mismatch.strategy says`;
    start.context.warning('POSTGRES_GAP_ACCEPTED', text);
    start.context.log.warn(text);
    return this.#placeAt(at);
  }

  #placeAt(lsn: bigint): StoredOffset {
    const place = { flushLsn: lsn, commitLsn: lsn, index: 0 };
    return { place, identity: this.#opened.identity, eventLsn: undefined };
  }

  #must(): ReplicationStream {
    if (this.#stream !== undefined) return this.#stream;
    throw new MillraceError('POSTGRES_TASK_CLOSED', 'the stream is not open', { kind: 'closed' });
  }
}
