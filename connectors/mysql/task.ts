import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Position, SourceBatch, SourceTask, SourceTaskStart } from '../../runtime/connector/source.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { JsonObject } from '../../runtime/record/record.ts';
import { openConnection } from './connection.ts';
import { openServer, type OpenedServer } from './opened-server.ts';
import { otherOptions } from './options/other-options.ts';
import { readSettings, type MysqlSettings } from './settings.ts';
import { beginTask, type StreamBeginning } from './snapshot/beginning.ts';
import type { SnapshotReader } from './snapshot/snapshot-reader.ts';
import { SnapshotState } from './snapshot/state.ts';
import { RunningStream } from './stream/running-stream.ts';
import { SideConnection } from './stream/side-connection.ts';

/**
 * A server's changes: first the tables as they are, where the mode says so, then its binlog.
 *
 *     open: is the server set up · snapshot, or the stored place, or the server's present place
 *     read: snapshot batches until there are none · then the stream
 */
export class MysqlTask implements SourceTask {
  readonly #settings: MysqlSettings;
  readonly #config: RawConfig;
  #side: SideConnection | undefined;
  #opened: OpenedServer | undefined;
  #snapshot: SnapshotReader | undefined;
  /** What the stream's offset has to keep of tables that are read beside it after the snapshot. */
  #notes: JsonObject | undefined;
  /** undefined: there is no stream, or its beginning is not known yet. */
  #beginning: StreamBeginning | undefined;
  #stream: RunningStream | undefined;
  /** Goes out before all else. */
  #handover: SourceBatch | undefined;
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
    this.#side = new SideConnection(() => openConnection(settings.connection, env));
    this.#opened = await openServer(start, settings, this.#side);
    const first = await beginTask(this.#opened, settings);
    if (first.kind === 'stream') {
      this.#beginning = first;
      this.#handover = first.handover;
    }
    if (first.kind !== 'snapshot') return;
    this.#notes = first.notes;
    this.#snapshot = first.reader;
    await first.reader.open(signal);
  }

  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    if (this.#opened === undefined) throw closed();
    const handover = this.#handover;
    this.#handover = undefined;
    if (handover !== undefined) return handover;
    if (this.#snapshot !== undefined) {
      const batch = await this.#snapshot.read(signal);
      if (batch !== null) return batch;
      await this.#endSnapshot(this.#opened, this.#snapshot);
    }
    if (this.#beginning === undefined) return null;
    const stream = this.#stream ?? (await this.#openStream(this.#opened, this.#beginning, signal));
    return stream.read(signal);
  }

  committed(_partition: JsonObject, position: Position): Promise<void> {
    if (position instanceof SnapshotState) this.#snapshot?.committed();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stream?.close();
    await this.#snapshot?.close();
    await this.#side?.close();
  }

  async #endSnapshot({ server }: OpenedServer, snapshot: SnapshotReader): Promise<void> {
    const { place, later } = snapshot;
    if (place === undefined) throw closed();
    const ends = this.#settings.snapshot.mode === 'initial_only';
    if (!ends) this.#beginning = { from: { place, server }, later, notes: this.#notes };
    await snapshot.close();
    this.#snapshot = undefined;
  }

  async #openStream(opened: OpenedServer, beginning: StreamBeginning, signal: AbortSignal): Promise<RunningStream> {
    const stream = new RunningStream(opened, this.#settings, beginning);
    // It may be closed while it opens.
    this.#stream = stream;
    try {
      await stream.open(beginning, signal);
    } catch (error) {
      this.#stream = undefined;
      await stream.close();
      throw error;
    }
    return stream;
  }
}

function closed(): MillraceError {
  return new MillraceError('MYSQL_TASK_CLOSED', 'the task is not open', { kind: 'closed' });
}
