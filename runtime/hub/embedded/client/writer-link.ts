import type { Env } from '../../../env/env.ts';
import { Connection } from './connection.ts';
import { hubClosed, readOnlyHub } from '../errors.ts';
import type { ClientFrame, FollowFrom, ServerFrame } from '../channel/protocol.ts';
import { SocketChannel } from '../channel/socket-channel.ts';
import type { Store } from '../store/store.ts';
import type { RemoteWatermark } from '../store/watermark.ts';
import { addressOf, connectWriter, readWriter } from '../writer/writer-lock.ts';

/** A client's way to the writer. */
export interface WriterLink {
  /** null where there is none now. */
  readonly connection: Connection | null;
  /** For changes: `HUB_READ_ONLY`, `HUB_CLOSED`. */
  writing(): Connection;
  /** Calls `woken` whenever one of these may have more to read; returns how to stop it. `HUB_CLOSED`. */
  follow(from: readonly FollowFrom[], woken: () => void): () => void;
  /** Makes sure that what is durable now counts as such: a writer may have come since. */
  freshen(): Promise<void>;
  close(): void;
}

/** To the writer of this process: it ends with it. */
export class LocalLink implements WriterLink {
  readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  writing(): Connection {
    return this.connection;
  }

  follow(from: readonly FollowFrom[], woken: () => void): () => void {
    return this.connection.follow(from, woken);
  }

  async freshen(): Promise<void> {}

  close(): void {
    this.connection.close();
  }
}

/** How often a reader looks for a writer while none runs. */
const LOOK_MS = 1000;

/**
 * To the writer of another process, which may end and come again. While one runs it tells how far is
 * durable and wakes readers; while none does, what it left is synced here before it is read.
 */
export class RemoteLink implements WriterLink {
  connection: Connection | null = null;
  readonly #path: string;
  readonly #store: Store;
  readonly #watermark: RemoteWatermark;
  readonly #env: Env;
  #closed = false;

  constructor(path: string, store: Store, watermark: RemoteWatermark, env: Env) {
    this.#path = path;
    this.#store = store;
    this.#watermark = watermark;
    this.#env = env;
  }

  /** Finds the writer, or proves what is there. */
  async look(): Promise<void> {
    const writer = readWriter(this.#store);
    const socket = writer === null ? null : await connectWriter(addressOf(this.#path, writer.socket), this.#env);
    if (socket === null) {
      this.connection = null;
      await this.#proveSynced();
      return;
    }
    const channel = new SocketChannel<ClientFrame, ServerFrame>(socket);
    const connection = new Connection(channel, this.#env, (seq) => this.#watermark.advance(seq));
    // A writer that ends while it greets is looked for again.
    await connection.hello.then(
      () => (this.connection = connection),
      () => (this.connection = null),
    );
    if (this.#closed) this.close();
  }

  /** What a writer that was killed had not synced may be visible: sync it before anyone reads it. */
  async #proveSynced(): Promise<void> {
    const seq = this.#store.read(() => this.#store.seq());
    if (seq <= this.#watermark.syncedSeq()) return;
    const file = await this.#env.files.open(this.#store.path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    this.#watermark.advance(seq);
  }

  writing(): Connection {
    throw readOnlyHub();
  }

  follow(from: readonly FollowFrom[], woken: () => void): () => void {
    if (this.#closed) throw hubClosed();
    const { connection } = this;
    if (connection !== null && !connection.closed) return connection.follow(from, woken);
    // The reader reads what was proved, and follows again.
    const timer = this.#env.timers.after(LOOK_MS, () => void this.look().then(woken, woken));
    return () => timer.cancel();
  }

  async freshen(): Promise<void> {
    if (this.#closed) throw hubClosed();
    const { connection } = this;
    if (connection === null || connection.closed) return this.look();
    // Every answer carries the watermark; a client that asks nothing and follows nothing hears of none.
    await connection.ask('activeGroups', null).catch(() => this.look());
  }

  close(): void {
    this.#closed = true;
    this.connection?.close();
  }
}
