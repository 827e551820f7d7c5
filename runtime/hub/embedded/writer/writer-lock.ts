import type { Server, Socket } from 'node:net';
import type { Env } from '../../../env/env.ts';
import { MillraceError } from '../../../record/error.ts';
import type { Channel } from '../channel/channel.ts';
import type { ClientFrame, ServerFrame } from '../channel/protocol.ts';
import { SocketChannel } from '../channel/socket-channel.ts';
import type { Store } from '../store/store.ts';

const WRITER_KEY = Buffer.from([0, 2]);
/** Unix-domain socket addresses end at 104 or 108 bytes. */
const MAX_ADDRESS_BYTES = 100;

export interface WriterRecord {
  readonly pid: number;
  /** Of its socket: a name in the hub's directory, so that a copy of the directory has no writer, or a path. */
  readonly socket: string;
  readonly sinceMs: number;
}

/**
 * One writer at a time. A writer listens on a socket of a name of its own and writes that name
 * into the store in one transaction, if the writer named there does not answer any more: the
 * kernel closes a dead writer's socket, however it died, and the transaction decides between two
 * that come at once. The same socket serves readers of other processes.
 */
export class WriterLock {
  readonly #socket: string;
  readonly #path: string;
  readonly #env: Env;
  readonly #server: Server;
  #onChannel: ((channel: Channel<ServerFrame, ClientFrame>) => void) | null = null;
  readonly #early: Socket[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, env: Env, server: Server, socket: string) {
    this.#path = path;
    this.#env = env;
    this.#server = server;
    this.#socket = socket;
    server.on('connection', (socket: Socket) => this.#connection(socket));
    server.unref();
  }

  static async listen(path: string, env: Env): Promise<WriterLock> {
    const name = `writer-${env.random.bytes(6).toString('hex')}.sock`;
    const isNear = Buffer.byteLength(`${path}/${name}`) <= MAX_ADDRESS_BYTES;
    const socket = isNear ? name : `/tmp/millrace-${name}`;
    const server = env.net.server();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(addressOf(path, socket), () => resolve());
    });
    await env.files.chmod(addressOf(path, socket), 0o600);
    return new WriterLock(path, env, server, socket);
  }

  /** `HUB_IN_USE` where another writer lives. */
  async take(store: Store): Promise<void> {
    for (;;) {
      const held = readWriter(store);
      if (held !== null && (await answers(addressOf(this.#path, held.socket), this.#env)))
        throw inUse(this.#path, held);
      if (!this.#replace(store, held)) continue;
      if (held !== null) await this.#env.files.unlink(addressOf(this.#path, held.socket)).catch(() => undefined);
      return;
    }
  }

  /** False where somebody else was faster. */
  #replace(store: Store, held: WriterRecord | null): boolean {
    let taken = false;
    store.commit(true, () => {
      const now = store.state.get(WRITER_KEY);
      const same = now === undefined ? held === null : held !== null && parse(now).socket === held.socket;
      if (!same) return;
      const record: WriterRecord = { pid: this.#env.pid, socket: this.#socket, sinceMs: this.#env.clock.nowMs() };
      void store.state.put(WRITER_KEY, Buffer.from(JSON.stringify(record)));
      taken = true;
    });
    return taken;
  }

  serve(onChannel: (channel: Channel<ServerFrame, ClientFrame>) => void): void {
    this.#onChannel = onChannel;
    for (const socket of this.#early.splice(0)) this.#connection(socket);
  }

  #connection(socket: Socket): void {
    if (this.#onChannel === null) {
      this.#early.push(socket);
      socket.on('error', () => undefined);
      return;
    }
    socket.unref();
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    this.#onChannel(new SocketChannel<ServerFrame, ClientFrame>(socket));
  }

  async release(): Promise<void> {
    for (const socket of [...this.#sockets, ...this.#early]) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Who writes this hub, or did last. */
export function readWriter(store: Store): WriterRecord | null {
  const bytes = store.read(() => store.state.get(WRITER_KEY));
  return bytes === undefined ? null : parse(bytes);
}

function parse(bytes: Uint8Array): WriterRecord {
  return JSON.parse(Buffer.from(bytes).toString()) as WriterRecord;
}

/** Where the writer of the hub in `path` listens. */
export function addressOf(path: string, socket: string): string {
  return socket.startsWith('/') ? socket : `${path}/${socket}`;
}

/** A connection to the writer, or null where none listens there. */
export function connectWriter(address: string, env: Env): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = env.net.socket();
    socket.once('error', () => resolve(null));
    socket.once('connect', () => resolve(socket));
    socket.connect(address);
  });
}

async function answers(address: string, env: Env): Promise<boolean> {
  const socket = await connectWriter(address, env);
  socket?.destroy();
  return socket !== null;
}

function inUse(path: string, held: WriterRecord): MillraceError {
  const since = new Date(held.sinceMs).toISOString();
  return new MillraceError('HUB_IN_USE', `hub: ${path} is written by process ${held.pid} since ${since}`, {
    kind: 'busy',
    key: 'millrace.hub.path',
    remedy: 'Stop that process, or choose another directory: one worker writes an embedded hub, others may read it.',
  });
}
