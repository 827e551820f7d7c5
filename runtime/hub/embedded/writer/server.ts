import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Env, Timer } from '../../../env/env.ts';
import type { TopicConfig } from '../../port.ts';
import { PortChannel, localChannels, type Channel } from '../channel/channel.ts';
import { Cleaner } from '../cleaning/cleaner.ts';
import { ClientSession } from './client-session.ts';
import { CommitLoop, type Lane } from './commit-loop.ts';
import type { Commit } from './commit.ts';
import { bearDataFile } from '../store/data-file.ts';
import { DiskGuard } from '../store/disk-guard.ts';
import { GroupMembership } from './group-membership.ts';
import { LastTransaction } from '../store/last-transaction.ts';
import type { Partition } from './partition.ts';
import type { Producer } from './producers.ts';
import type { ClientFrame, Hello, HubStats, ServerFrame } from '../channel/protocol.ts';
import { RequestRouter } from './request-router.ts';
import { Store } from '../store/store.ts';
import { Topics } from './topics.ts';
import { Transactions } from './transactions.ts';
import { Followers } from './followers.ts';
import { SharedWatermark } from '../store/watermark.ts';
import { WriterLock } from './writer-lock.ts';

export interface HubOptions {
  /** Appends that would leave less free disk space are refused with `HUB_DISK_FULL`. Default 256 MiB. */
  readonly minFreeBytes?: number;
  /** Topics whose small batches are taken from that space: what says how things stand goes on while records wait. */
  readonly reservedTopics?: readonly string[];
  /** Largest size of the data file: address space, not memory. Default 1 TiB. */
  readonly mapBytes?: number;
  /** Settings of topics that do not say otherwise: Kafka's topic keys. */
  readonly topicDefaults?: TopicConfig;
  /** How often retention and compaction look at the topics. Default 30 seconds. */
  readonly cleanEveryMs?: number;
}

const DEFAULT_MIN_FREE_BYTES = 256 * 1024 * 1024;
const DEFAULT_CLEAN_EVERY_MS = 30_000;
/** How long a process that dies between opening the store and saying so can keep readers waiting. */
const MEND_EVERY_MS = 50;

interface ServerParts {
  readonly path: string;
  readonly env: Env;
  readonly options: HubOptions;
  readonly store: Store;
  readonly lock: WriterLock;
  readonly last: LastTransaction;
}

/**
 * The writer of an embedded hub, one per directory and machine. Procedure: take the writer's lock,
 * open the store, end the transactions that died with the last writer in a first, synced commit
 * (from here on all that was found is durable), then serve clients.
 *
 * Invariant: a client is answered, and a reader sees an offset, only after the commit that holds
 * it was synced (I1, I2); acks 0 and 1 are answered earlier, and readers do not see them earlier.
 */
export class HubServer {
  readonly id: string;
  readonly path: string;
  /** For a client in this very thread. */
  readonly store: Store;
  readonly #lock: WriterLock;
  readonly #last: LastTransaction;
  #mending: Timer | null = null;
  readonly #guard: DiskGuard;
  readonly #watermark = new SharedWatermark();
  readonly #topics: Topics;
  readonly #transactions: Transactions;
  readonly #groups: GroupMembership;
  readonly #followers = new Followers();
  readonly #loop: CommitLoop;
  readonly #lane: Lane;
  readonly #cleaner: Cleaner;
  readonly #router: RequestRouter;
  readonly #sessions = new Set<ClientSession>();
  #unsynced = new Set<Partition>();
  #closing: Promise<void> | null = null;

  private constructor({ path, env, options, store, lock, last }: ServerParts) {
    store.neverBehind(() => this.#watermark.syncedSeq());
    this.#last = last;
    this.id = store.read(() => store.identity()).hubId;
    this.path = path;
    this.store = store;
    this.#lock = lock;
    this.#guard = new DiskGuard(
      env,
      path,
      options.minFreeBytes ?? DEFAULT_MIN_FREE_BYTES,
      options.reservedTopics ?? [],
    );
    this.#topics = new Topics(store, env, options.topicDefaults ?? {});
    this.#transactions = new Transactions(store, env, (producer, why) => this.#abort(producer, why));
    this.#groups = new GroupMembership(() => this.#topics.sizes());
    const seq = store.read(() => store.seq());
    this.#loop = new CommitLoop(store, env, seq, {
      flush: (commit) => this.#flush(commit),
      synced: (commit) => this.#synced(commit),
      nearlyFull: () => this.#guard.nearlyFull,
      unsynced: (commit) => commit.partitions.forEach((partition) => this.#unsynced.add(partition)),
      // Ends the hub's thread, and with it the worker.
      lost: (error) =>
        queueMicrotask(() => {
          throw error;
        }),
    });
    this.#lane = this.#loop.addLane();
    const { topics, transactions, groups, followers, loop, guard } = this.#parts();
    this.#cleaner = new Cleaner({ store, env, topics, loop, lane: loop.addLane() });
    const cleaner = this.#cleaner;
    const stats = () => this.stats();
    this.#router = new RequestRouter({ store, topics, transactions, groups, followers, loop, guard, cleaner, stats });
  }

  #parts() {
    return {
      topics: this.#topics,
      transactions: this.#transactions,
      groups: this.#groups,
      followers: this.#followers,
      loop: this.#loop,
      guard: this.#guard,
    };
  }

  /** `HUB_IN_USE`, `HUB_FORMAT`, `HUB_DISK_FULL`. */
  static async start(path: string, env: Env, options: HubOptions = {}): Promise<HubServer> {
    // One that is there is the operator's: its mode stays.
    await env.files.mkdir(path, 0o700);
    await bearDataFile(path, env, options.mapBytes);
    const lock = await WriterLock.listen(path, env);
    let store: Store | null = null;
    try {
      store = new Store(path, options.mapBytes === undefined ? {} : { mapBytes: options.mapBytes });
      const last = LastTransaction.open(store.path, env);
      store.keep(last);
      await lock.take(store);
      const server = new HubServer({ path, env, options, store, lock, last });
      await server.#open(env, options.cleanEveryMs ?? DEFAULT_CLEAN_EVERY_MS);
      return server;
    } catch (error) {
      await store?.close();
      await lock.release();
      throw error;
    }
  }

  async #open(env: Env, cleanEveryMs: number): Promise<void> {
    await this.#guard.look();
    this.store.read(() => this.#topics.load());
    await this.#loop.run(this.#lane, (commit) => {
      this.#transactions.recover(commit, (id) => this.#topics.byId(id));
    });
    this.#lock.serve((channel) => {
      // Whoever comes from another process has just opened the store.
      this.#last.mend();
      this.#serve(channel, null);
    });
    this.#cleaner.start(cleanEveryMs);
    this.#mending = env.timers.every(MEND_EVERY_MS, () => this.#last.mend());
  }

  /** A port for one client, in this or another thread ({@link connectHub}). */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#serve(new PortChannel<ServerFrame, ClientFrame>(port1), this.#watermark.shared);
    return port2;
  }

  /** A client in this thread. */
  connectLocal(): Channel<ClientFrame, ServerFrame> {
    const [client, server] = localChannels<ClientFrame, ServerFrame>();
    this.#serve(server, this.#watermark.shared);
    return client;
  }

  #serve(channel: Channel<ServerFrame, ClientFrame>, shared: SharedArrayBuffer | null): void {
    const session = new ClientSession(channel, this.#loop.addLane(), () => this.#watermark.syncedSeq());
    this.#sessions.add(session);
    const hello: Hello = { hubId: this.id, path: this.path, shared };
    channel.receive(
      (frame) => this.#router.frame(session, frame, shared !== null),
      () => this.#gone(session),
    );
    session.hello(hello);
  }

  /** What a client leaves open ends with it. */
  #gone(session: ClientSession): void {
    if (!this.#sessions.delete(session)) return;
    this.#followers.removeClient(session);
    this.#groups.removeClient(session);
    for (const [id, lane] of session.producers) {
      const producer = this.#transactions.close(id);
      if (producer !== null && producer.transaction !== null) this.#abort(producer, 'its thread has ended');
      this.#loop.removeLane(lane);
    }
    this.#loop.removeLane(session.lane);
  }

  #abort(producer: Producer, why: string): void {
    const aborted = this.#loop.run(this.#lane, (commit) => {
      this.#transactions.end(commit, producer, 'abort');
      this.#transactions.fence(commit, producer, why);
    });
    // A full disk: the timer or the next start tries again.
    aborted.catch(() => undefined);
  }

  #flush(commit: Commit): void {
    this.#transactions.flush(commit);
    for (const partition of commit.partitions) partition.writeRow(this.store, commit.seq);
  }

  #synced(commit: Commit): void {
    for (const partition of commit.partitions) this.#unsynced.add(partition);
    const advanced = this.#unsynced;
    this.#unsynced = new Set();
    for (const partition of advanced) partition.synced();
    this.#watermark.publish(commit.seq);
    for (const partition of advanced) this.#followers.advanced(partition);
  }

  /** Looks at retention and compaction now; resolves when what was due is done. */
  clean(): Promise<void> {
    return this.#cleaner.clean();
  }

  stats(): HubStats {
    void this.#guard.look();
    const { commits, commitMs, lastCommitMs, batches, bytes } = this.#loop.stats;
    return {
      hubId: this.id,
      bytesOnDisk: this.#guard.fileBytes,
      freeBytes: this.#guard.freeBytes,
      commits,
      commitMs,
      lastCommitMs,
      appendedBatches: batches,
      appendedBytes: bytes,
      openTransactions: this.#transactions.open,
      queuedBytes: this.#loop.queuedBytes,
      clients: this.#sessions.size,
      diskFull: this.#guard.full,
      partitions: [...this.#topics.all()].map((partition) => ({
        topic: partition.topic,
        partition: partition.index,
        start: partition.start,
        end: partition.end,
        lastStable: partition.lastStable,
        sizeBytes: partition.row.sizeBytes,
      })),
    };
  }

  /** Commits what is queued, then closes clients, store and lock. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#mending?.cancel();
    this.#guard.close();
    await this.#cleaner.stop();
    this.#transactions.stop();
    this.#loop.close();
    for (const session of this.#sessions) session.close();
    this.#sessions.clear();
    await this.store.close();
    await this.#lock.release();
  }
}
