import { MillraceError } from '../../../record/error.ts';
import { appendBatch, appendFailed } from './append.ts';
import type { Cleaner } from '../cleaning/cleaner.ts';
import type { ClientSession } from './client-session.ts';
import type { CommitLoop, Lane } from './commit-loop.ts';
import type { Commit } from './commit.ts';
import type { DiskGuard } from '../store/disk-guard.ts';
import { groupActive, readOnlyHub } from '../errors.ts';
import type { GroupMembership } from './group-membership.ts';
import { groupKeys, putGroupOffset, removeGroupOffset } from '../store/group-offsets.ts';
import type { Ask, ClientFrame, HubStats, Operation, Request, WireGroupOffset } from '../channel/protocol.ts';
import type { Store } from '../store/store.ts';
import type { Topics } from './topics.ts';
import type { Transactions } from './transactions.ts';
import type { Followers } from './followers.ts';

export interface ServerParts {
  readonly store: Store;
  readonly topics: Topics;
  readonly transactions: Transactions;
  readonly groups: GroupMembership;
  readonly followers: Followers;
  readonly loop: CommitLoop;
  readonly guard: DiskGuard;
  readonly cleaner: Cleaner;
  readonly stats: () => HubStats;
}

type Requests<O extends Operation> = Extract<Request, { readonly op: O }>;
type TopicRequest = Requests<'createTopic' | 'deleteTopic' | 'alterTopic' | 'createPartitions' | 'deleteRecords'>;
type MembershipRequest = Requests<'joinGroup' | 'assignment' | 'acknowledge' | 'leaveGroup' | 'activeGroups'>;
type GroupRequest = Requests<'commitOffsets' | 'alterGroup' | 'deleteGroup'>;

/** What clients of other processes may ask. */
const READING = new Set<Operation>(['follow', 'stats', 'activeGroups']);

/** Turns requests into works for the commit loop, or answers them. */
export class RequestRouter {
  readonly #parts: ServerParts;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  frame(session: ClientSession, frame: ClientFrame, mayWrite: boolean): void {
    for (const request of frame) {
      if (request.op === 'cancel') {
        this.#parts.followers.stop(session, request.id);
        this.#parts.groups.cancel(session, request.id);
        continue;
      }
      try {
        if (!mayWrite && !READING.has(request.op)) throw readOnlyHub();
        this.#handle(session, request);
      } catch (error) {
        session.fail(request.id, error);
      }
    }
  }

  #handle(session: ClientSession, request: Request): void {
    const { id } = request;
    switch (request.op) {
      case 'append':
        return this.#append(session, id, request.ask);
      case 'endTransaction':
        return this.#submit(session, session.laneOf(request.ask.producerId), id, (commit) =>
          this.#endTransaction(commit, request.ask),
        );
      case 'initProducer':
        return this.#initProducer(session, id, request.ask);
      case 'closeProducer':
        return this.#closeProducer(session, id, request.ask.producerId);
      case 'follow':
        return this.#follow(session, id, request.ask);
      case 'createTopic':
      case 'deleteTopic':
      case 'alterTopic':
      case 'createPartitions':
      case 'deleteRecords':
        return this.#changeTopic(session, request);
      case 'stats':
        return session.answer(id, this.#parts.stats());
      case 'joinGroup':
      case 'assignment':
      case 'acknowledge':
      case 'leaveGroup':
      case 'activeGroups':
        return this.#membership(session, request);
      case 'commitOffsets':
      case 'alterGroup':
      case 'deleteGroup':
        return this.#changeGroup(session, request);
    }
  }

  /** A durable change, answered with what it returns; `after` runs once it is durable. */
  #submit(
    session: ClientSession,
    lane: Lane,
    id: number,
    run: (commit: Commit) => unknown,
    after?: (result: unknown) => void,
  ): void {
    this.#parts.loop.submit(lane, {
      bytes: 0,
      durable: true,
      run,
      done: (result) => {
        after?.(result);
        if (result instanceof MillraceError) session.fail(id, result);
        else session.answer(id, result ?? null);
      },
      failed: (error) => session.fail(id, error),
    });
  }

  #append(session: ClientSession, id: number, ask: Ask<'append'>): void {
    this.#parts.loop.submit(session.laneOf(ask.producerId), {
      bytes: ask.batch.byteLength,
      durable: ask.acks === 'all',
      run: (commit) => this.#appendOrBreak(commit, ask),
      done: (result) => session.answer(id, result),
      failed: (error) => {
        appendFailed(this.#parts.transactions, ask, error);
        session.fail(id, error);
      },
    });
  }

  /** A commit that follows within the same group commit has to know already. */
  #appendOrBreak(commit: Commit, ask: Ask<'append'>): unknown {
    try {
      return appendBatch(this.#parts, commit, ask);
    } catch (error) {
      appendFailed(this.#parts.transactions, ask, error);
      throw error;
    }
  }

  /** Null, or why it was aborted instead of committed. */
  #endTransaction(commit: Commit, ask: Ask<'endTransaction'>): MillraceError | null {
    const { transactions, topics, store } = this.#parts;
    const producer = transactions.producer(ask.producerId, ask.epoch);
    const broken = ask.outcome === 'commit' ? producer.broken(ask.window) : null;
    if (broken !== null) {
      transactions.end(commit, producer, 'abort');
      return broken;
    }
    const groups = ask.outcome === 'commit' ? ask.groups : [];
    // Unknown topics refuse the commit before anything has changed.
    // I3: markers and offsets are one commit.
    const resolved = groups.flatMap(({ group, offsets }) =>
      offsets.map((of) => ({ group, id: topics.partition(of.topic, of.partition).id, of })),
    );
    transactions.end(commit, producer, ask.outcome);
    for (const { group, id, of } of resolved) putGroupOffset(store, group, id, of.offset, of.metadata ?? '');
    return null;
  }

  #initProducer(session: ClientSession, id: number, ask: Ask<'initProducer'>): void {
    const { transactions, loop } = this.#parts;
    const ready = (producer: { readonly id: number; readonly epoch: number }) => {
      session.producers.set(producer.id, loop.addLane());
      return { producerId: producer.id, epoch: producer.epoch };
    };
    const producer = ask.transactionalId === null ? transactions.tryCreate(ask.timeoutMs) : null;
    if (producer !== null) return session.answer(id, ready(producer));
    this.#submit(session, session.lane, id, (commit) =>
      ready(transactions.create(commit, ask.transactionalId, ask.timeoutMs)),
    );
  }

  #closeProducer(session: ClientSession, id: number, producerId: number): void {
    const { transactions, loop } = this.#parts;
    const lane = session.laneOf(producerId);
    session.producers.delete(producerId);
    const producer = transactions.close(producerId);
    if (producer === null || producer.transaction === null) session.answer(id, null);
    else this.#submit(session, lane, id, (commit) => transactions.end(commit, producer, 'abort'));
    if (lane !== session.lane) loop.removeLane(lane);
  }

  #follow(session: ClientSession, id: number, ask: Ask<'follow'>): void {
    const { followers, topics } = this.#parts;
    followers.add(
      session,
      id,
      ask.from,
      (partition) => topics.byId(partition),
      () => session.wake(id),
    );
  }

  #changeTopic(session: ClientSession, request: TopicRequest): void {
    const { topics, groups, followers, cleaner } = this.#parts;
    const { id } = request;
    switch (request.op) {
      case 'createTopic': {
        const { name, partitions, config } = request.ask;
        const create = (commit: Commit) => topics.create(commit, name, partitions, config);
        return this.#submit(session, session.lane, id, create, () => groups.topicsChanged());
      }
      case 'deleteTopic': {
        const remove = (commit: Commit) => {
          const gone = topics.delete(commit, request.ask.name);
          queueMicrotask(() => gone.forEach((partition) => followers.advanced(partition)));
          return null;
        };
        return this.#submit(session, session.lane, id, remove, () => {
          groups.topicsChanged();
          cleaner.soon();
        });
      }
      case 'alterTopic': {
        const { name, config } = request.ask;
        return this.#submit(
          session,
          session.lane,
          id,
          (commit) => topics.alter(commit, name, config),
          () => cleaner.soon(),
        );
      }
      case 'createPartitions': {
        const { name, partitions } = request.ask;
        const grow = (commit: Commit) => topics.grow(commit, name, partitions);
        // Members hear of partitions that are durable (I2).
        return this.#submit(session, session.lane, id, grow, () => groups.topicsChanged());
      }
      case 'deleteRecords': {
        const { topic, partition, before } = request.ask;
        cleaner.deleteRecords(topics.partition(topic, partition), before).then(
          () => session.answer(id, null),
          (error: unknown) => session.fail(id, error),
        );
        return;
      }
    }
  }

  #membership(session: ClientSession, request: MembershipRequest): void {
    const { groups } = this.#parts;
    const { id } = request;
    switch (request.op) {
      case 'joinGroup':
        return session.answer(id, { member: groups.join(session, request.ask.group, request.ask.topics) });
      case 'assignment':
        return groups.assignment(request.ask.member, id, request.ask.known, (assignment) =>
          session.answer(id, assignment),
        );
      case 'acknowledge':
        groups.acknowledge(request.ask.member, request.ask.generation);
        return session.answer(id, null);
      case 'leaveGroup':
        groups.leave(request.ask.member);
        return session.answer(id, null);
      case 'activeGroups':
        return session.answer(id, groups.active());
    }
  }

  #changeGroup(session: ClientSession, request: GroupRequest): void {
    const { groups } = this.#parts;
    const { id } = request;
    switch (request.op) {
      case 'commitOffsets': {
        const { member, generation, offsets } = request.ask;
        return this.#submit(session, session.lane, id, () =>
          this.#putOffsets(groups.checkCommit(member, generation, offsets), offsets),
        );
      }
      case 'alterGroup':
        return this.#submit(session, session.lane, id, () => this.#alterGroup(request.ask));
      case 'deleteGroup':
        return this.#submit(session, session.lane, id, () => this.#deleteGroup(request.ask.group));
    }
  }

  #putOffsets(group: string, offsets: readonly WireGroupOffset[]): void {
    const { topics, store } = this.#parts;
    const ids = offsets.map((of) => topics.partition(of.topic, of.partition).id);
    offsets.forEach((of, index) => putGroupOffset(store, group, ids[index] ?? 0, of.offset, of.metadata ?? ''));
  }

  #alterGroup({ group, offsets }: Ask<'alterGroup'>): void {
    const { topics, store } = this.#parts;
    this.#checkInactive(group);
    const ids = offsets.map((of) => topics.partition(of.topic, of.partition).id);
    offsets.forEach((of, index) => {
      const id = ids[index] ?? 0;
      if (of.offset === null) removeGroupOffset(store, group, id);
      else putGroupOffset(store, group, id, of.offset, '');
    });
  }

  #deleteGroup(group: string): void {
    const { store } = this.#parts;
    this.#checkInactive(group);
    for (const key of groupKeys(store, group)) void store.groups.remove(key);
  }

  #checkInactive(group: string): void {
    const members = this.#parts.groups.members(group);
    if (members > 0) throw groupActive(group, members);
  }
}
