import type { Env } from '../../../env/env.ts';
import { MillraceError } from '../../../record/error.ts';
import { Commit } from './commit.ts';
import { commitLost, hubClosed } from '../errors.ts';
import { Pacer } from '../pacer.ts';
import { writeError, type Store } from '../store/store.ts';

const MAX_COMMIT_BYTES = 8 * 1024 * 1024;
const MIN_COMMIT_BYTES = 1024 * 1024;
/** Less than what a client gathers for: with one client the commits need no spacing of their own. */
const SPACE_MS = 2;
const MAX_COMMIT_WORKS = 10_000;
/** How long one commit should take at most: what another producer waits behind it. */
const TARGET_COMMIT_MS = 5;
/** The same while nobody else has waited for {@link ALONE_AFTER_MS}: fewer syncs for a bulk writer alone. */
const TARGET_ALONE_MS = 15;
const ALONE_AFTER_MS = 100;
/** A change weighs at least this much. */
const WORK_BYTES = 256;

/** A change to the hub, waiting for its commit. */
export interface Work {
  readonly bytes: number;
  /** Answered only when synced. */
  readonly durable: boolean;
  /** Makes the change. Throws a `MillraceError` before it has changed anything to be refused alone. */
  run(commit: Commit): unknown;
  done(result: unknown): void;
  failed(error: MillraceError): void;
}

/** The works of one client, in order. Lanes share commits fairly, by bytes. */
export class Lane {
  readonly works: Work[] = [];
  bytes = 0;
  closed = false;
}

export interface CommitHooks {
  /** Last step of a commit, within it. */
  flush(commit: Commit): void;
  /** Everything up to this commit is synced. */
  synced(commit: Commit): void;
  /** Hardly any disk space is left. */
  nearlyFull(): boolean;
  /** This commit is written, and not synced yet. */
  unsynced(commit: Commit): void;
  /** The store no longer holds what it had committed: nothing may be written any more. */
  lost(error: MillraceError): void;
}

/**
 * Group commit. A work that comes while nothing runs is committed at once; what comes while a
 * commit is being synced shares the next. Commits that follow each other without pause are spaced
 * ({@link Pacer}), so that a thousand small appends a second do not cost a thousand syncs. The size of a commit adapts so that it takes about
 * {@link TARGET_COMMIT_MS}: a bulk writer delays others by two such commits at most.
 */
export class CommitLoop {
  readonly stats = { commits: 0, commitMs: 0, lastCommitMs: 0, batches: 0, bytes: 0 };
  readonly #store: Store;
  readonly #env: Env;
  readonly #hooks: CommitHooks;
  readonly #pacer: Pacer;
  #lanes: Lane[] = [];
  #seq: number;
  #scheduled = false;
  #budgetBytes = 2 * 1024 * 1024;
  /** When works of several clients shared a commit last. */
  #sharedMs = 0;
  /** Touched by commits that are not synced yet. */
  #unsynced = false;
  #closed = false;

  constructor(store: Store, env: Env, seq: number, hooks: CommitHooks) {
    this.#store = store;
    this.#env = env;
    this.#seq = seq;
    this.#hooks = hooks;
    this.#pacer = new Pacer(env, SPACE_MS);
  }

  get seq(): number {
    return this.#seq;
  }

  get queuedBytes(): number {
    let bytes = 0;
    for (const lane of this.#lanes) bytes += lane.bytes;
    return bytes;
  }

  addLane(): Lane {
    const lane = new Lane();
    this.#lanes.push(lane);
    return lane;
  }

  removeLane(lane: Lane): void {
    lane.closed = true;
    if (lane.works.length === 0) this.#lanes = this.#lanes.filter((other) => other !== lane);
  }

  submit(lane: Lane, work: Work): void {
    if (this.#closed) {
      work.failed(hubClosed());
      return;
    }
    lane.works.push(work);
    lane.bytes += work.bytes + WORK_BYTES;
    this.#schedule();
  }

  /** Runs one change on `lane` and resolves when it is durable. */
  run<T>(lane: Lane, change: (commit: Commit) => T, bytes = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.submit(lane, {
        bytes,
        durable: true,
        run: change,
        done: (result) => resolve(result as T),
        failed: reject,
      });
    });
  }

  /** Commits what is queued and refuses what comes later. */
  close(): void {
    if (this.#closed) return;
    while (this.#lanes.some((lane) => lane.works.length > 0)) this.#commit();
    if (this.#unsynced) this.#commitDurably();
    this.#closed = true;
    this.#pacer.hurry();
  }

  #schedule(): void {
    if (this.#scheduled) {
      if (this.queuedBytes >= this.#budgetBytes) this.#pacer.hurry();
      return;
    }
    this.#scheduled = true;
    void this.#commitSoon();
  }

  async #commitSoon(): Promise<void> {
    // What arrives in this turn of the loop shares the commit.
    await this.#env.timers.yield();
    const waitMs = this.queuedBytes >= this.#budgetBytes ? 0 : this.#pacer.take();
    if (waitMs > 0) await this.#pacer.wait(waitMs);
    this.#scheduled = false;
    if (this.#closed) return;
    this.#commit();
    if (this.#unsynced || this.#lanes.some((lane) => lane.works.length > 0)) this.#schedule();
  }

  #commit(): void {
    const works = this.#take();
    if (works.length > 0) this.#commitWorks(works);
    else if (this.#unsynced) this.#commitDurably();
    for (const lane of this.#lanes) if (lane.closed && lane.works.length === 0) this.removeLane(lane);
  }

  /** Makes durable what acks 0 and 1 left unsynced. */
  #commitDurably(): void {
    this.#commitWorks([{ bytes: 0, durable: true, run: () => null, done: () => undefined, failed: () => undefined }]);
  }

  #take(): Work[] {
    const taken: Work[] = [];
    let active = this.#lanes.filter((lane) => lane.works.length > 0);
    if (active.length > 1) this.#sharedMs = this.#env.clock.monotonicMs();
    // Whoever shares has waited for a commit already: the next one is shorter.
    let left = this.#budgetBytes / (active.length > 1 ? 2 : 1);
    let least = 1;
    while (active.length > 0 && left > 0 && taken.length < MAX_COMMIT_WORKS) {
      const share = left / active.length;
      const before = taken.length;
      for (const lane of active) left -= takeFrom(lane, share, least, taken);
      if (taken.length === before) break;
      least = 0;
      active = active.filter((lane) => lane.works.length > 0);
    }
    // The next commit begins with another lane.
    const first = this.#lanes.shift();
    if (first !== undefined) this.#lanes.push(first);
    return taken;
  }

  #commitWorks(works: readonly Work[]): void {
    const { clock } = this.#env;
    const startedMs = clock.monotonicMs();
    const commit = new Commit(this.#seq + 1, clock.nowMs());
    this.#env.crash?.('hub.before_commit');
    const durable = works.some((work) => work.durable);
    const outcomes: unknown[] = [];
    try {
      this.#store.commit(durable, () => {
        this.#proveLast();
        for (const work of works) outcomes.push(attempt(work, commit));
        this.#hooks.flush(commit);
        this.#store.putSeq(commit.seq);
      });
    } catch (error) {
      commit.rollback();
      const failure = writeError(this.#store.path, error, this.#hooks.nearlyFull());
      for (const work of works) work.failed(failure);
      return;
    }
    this.#env.crash?.('hub.after_commit');
    this.#seq = commit.seq;
    this.#unsynced = !durable;
    this.#measure(works, clock.monotonicMs() - startedMs);
    // I1, I2: nobody hears of a durable commit, and no reader sees it, before it is synced.
    if (durable) this.#hooks.synced(commit);
    else this.#hooks.unsynced(commit);
    works.forEach((work, index) => {
      const outcome = outcomes[index];
      if (outcome instanceof Refusal) work.failed(outcome.error);
      else work.done(outcome);
    });
  }

  /**
   * The store has to hold the commit before this one. Where it does not, LMDB went back behind what
   * was acknowledged: going on would write over it without a word (I5). The hub ends, and its worker
   * with it; the next start goes on from what the store holds, offsets included.
   */
  #proveLast(): void {
    const held = this.#store.seq();
    if (held === this.#seq) return;
    const error = commitLost(this.#store.path, this.#seq, held);
    this.#hooks.lost(error);
    throw error;
  }

  #measure(works: readonly Work[], ms: number): void {
    this.stats.commits++;
    this.stats.commitMs += ms;
    this.stats.lastCommitMs = ms;
    let bytes = 0;
    for (const work of works) {
      bytes += work.bytes;
      if (work.bytes > 0) this.stats.batches++;
    }
    this.stats.bytes += bytes;
    if (bytes < MIN_COMMIT_BYTES / 2) return;
    const alone = this.#env.clock.monotonicMs() - this.#sharedMs > ALONE_AFTER_MS;
    const fitting = (bytes / ms) * (alone ? TARGET_ALONE_MS : TARGET_COMMIT_MS);
    const blended = this.#budgetBytes * 0.7 + fitting * 0.3;
    this.#budgetBytes = Math.min(MAX_COMMIT_BYTES, Math.max(MIN_COMMIT_BYTES, blended));
  }
}

class Refusal {
  readonly error: MillraceError;

  constructor(error: MillraceError) {
    this.error = error;
  }
}

function attempt(work: Work, commit: Commit): unknown {
  const mark = commit.mark();
  try {
    return work.run(commit);
  } catch (error) {
    // Whoever has changed something cannot be refused alone: then the whole commit fails.
    if (error instanceof MillraceError && commit.mark() === mark) return new Refusal(error);
    throw error;
  }
}

/** Moves works of up to `share` bytes, `least` of them in any case; returns their bytes. */
function takeFrom(lane: Lane, share: number, least: number, into: Work[]): number {
  let bytes = 0;
  let count = 0;
  for (const work of lane.works) {
    if (count >= least && bytes + work.bytes > share) break;
    bytes += work.bytes + WORK_BYTES;
    count++;
  }
  into.push(...lane.works.splice(0, count));
  lane.bytes -= bytes;
  return bytes;
}
