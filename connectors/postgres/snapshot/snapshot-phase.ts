import { streamOffset } from '../../../runtime/change/stream-offset.ts';
import type { Position, Progress, SourceBatch, SourceOffset } from '../../../runtime/connector/source.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { tableName, type Table } from '../catalog/table.ts';
import { isNamed } from '../slot/membership.ts';
import { createSlot, dropSlot } from '../slot/slot.ts';
import type { SnapshotPhase, StreamStart } from '../stream/stream-start.ts';
import { lostSight, streamedPlan, wholeTable, type OpenTable } from './beside-plans.ts';
import { rowKey } from './chunk-sql.ts';
import type { Decision } from './decide.ts';
import { InitialSnapshot, type CapturedTable } from './initial-snapshot.ts';
import { SnapshotControl } from './snapshot-control.ts';
import { decideStart, isNotCreated, isSlotOfOthers, madeByOthers } from './start-decision.ts';
import { forgottenProgress, noProgress, planProgress, readState, tablePlanProgress, tableProgress } from './state.ts';
import type { PlanState, SnapshotState } from './state.ts';
import type { SnapshotUpstream } from './upstream.ts';
import { readRequests, type StoredRequests } from './window/requests.ts';
import { WindowSet } from './window/window-set.ts';

const SAY_AGAIN_MS = 10_000;

/**
 * What happens before the stream, and beside it (`docs/decisions/20261125-postgres-snapshot.md`). `read` gives, in this order: the
 * intent to create a slot, the plan, the rows read at the slot's snapshot; or, after a restart, the
 * rows of open tables without a key at a new snapshot. Then the stream begins; open tables with a
 * key, and what signals ask for, are read beside it in windows.
 */
export class PostgresSnapshot implements SnapshotPhase {
  readonly only: boolean;
  readonly #upstream: SnapshotUpstream;
  readonly #control: SnapshotControl;
  readonly #state: SnapshotState;
  readonly #requests: StoredRequests;
  readonly #streamOffset: JsonObject | undefined;
  readonly #windows: WindowSet;
  #decision: Decision | undefined;
  #batches: AsyncGenerator<SourceBatch, void> | undefined;
  #reading: InitialSnapshot | undefined;
  #signal: AbortSignal = new AbortController().signal;
  #lsn = 0n;
  #intent: (() => void) | undefined;
  readonly #lost: string[] = [];

  constructor(upstream: SnapshotUpstream, offsets: readonly SourceOffset[]) {
    this.#upstream = upstream;
    this.#control = new SnapshotControl(upstream);
    this.#state = readState(upstream.server, offsets);
    this.#streamOffset = streamOffset(upstream.server, offsets);
    this.#requests = readRequests(this.#streamOffset);
    this.only = upstream.options.mode === 'initial_only';
    this.#windows = new WindowSet(upstream);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stored = { state: this.#state, streamOffset: this.#streamOffset };
    this.#decision = await decideStart(await this.#control.connection(), this.#upstream, stored);
    this.#batches = this.#run(this.#decision);
  }

  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    this.#signal = signal;
    const next = await this.#batches?.next();
    if (next === undefined || next.done === true) {
      await this.#control.release();
      return null;
    }
    return next.value;
  }

  async committed(partition: JsonObject, _position: Position): Promise<void> {
    if (partition['snapshot'] === 'plan') this.#intent?.();
  }

  /** Resolves once the next plan that is handed over is durable. */
  #planCommitted(): Promise<void> {
    return new Promise((resolve) => {
      this.#intent = resolve;
    });
  }

  start(): StreamStart {
    return { lsn: this.#lsn, hooks: this.#windows.hooks, beside: this.#windows };
  }

  async close(): Promise<void> {
    await this.#windows.close();
    await this.#reading?.close();
    await this.#control.release();
  }

  async *#run(decision: Decision): AsyncGenerator<SourceBatch, void> {
    if (decision.kind === 'fresh') yield* this.#fresh(decision);
    else yield* this.#goOn(decision);
  }

  /** Says now and then that it waits because it was told to. */
  async #delay(delayMs: number): Promise<void> {
    const { env, context } = this.#upstream;
    for (let leftMs = delayMs; leftMs > 0; leftMs -= SAY_AGAIN_MS) {
      context.idle('snapshot.delay.ms is not over');
      await env.timers.sleep(Math.min(leftMs, SAY_AGAIN_MS), this.#signal);
    }
  }

  async *#fresh({ drop, read }: Decision & { kind: 'fresh' }): AsyncGenerator<SourceBatch, void> {
    const { env, slot, identity, server, options } = this.#upstream;
    const id = env.random.uuid();
    const plan: PlanState = { id, phase: 'creating', slot: slot.name, lsn: 0n, ...identity };
    const durable = this.#planCommitted();
    // Durable before the slot exists: a slot found later without more than this is ours.
    yield { records: [], progress: [planProgress(server, plan), ...this.#forget(await this.#control.captured())] };
    if (options.delayMs > 0) {
      this.#upstream.context.stage('waiting for snapshot.delay.ms');
      await this.#delay(options.delayMs);
    }
    this.#upstream.context.stage('preparing the snapshot');
    await this.#until(durable);
    env.crash?.('snapshot.after_intent');
    if (drop) await dropSlot(await this.#control.connection(), slot.name);
    const recorded = new Set<string>();
    try {
      yield* read ? this.#readInitial(id, recorded) : this.#createOnly(plan);
    } catch (error) {
      if (isNotCreated(error)) yield* this.#withdraw(plan);
      if (!isSlotOfOthers(error)) throw error;
      throw await madeByOthers(await this.#control.connection(), slot.name, error);
    }
    if (!read) {
      this.#windows.known(await this.#control.captured());
      return;
    }
    // A table made while the snapshot began may have rows that neither it nor the stream shows.
    const made = (await this.#control.captured()).filter(({ table }) => !recorded.has(tableName(table)));
    yield* this.#beside(
      id,
      made
        .filter(({ table }) => options.includes(tableName(table)))
        .map(({ table }) => wholeTable(table, id, this.#upstream.published)),
    );
  }

  /** No slot was made: the next start must not take that of somebody else for ours, and drop it. */
  async *#withdraw(plan: PlanState): AsyncGenerator<SourceBatch, void> {
    const withdrawn = this.#planCommitted();
    yield { records: [], progress: [planProgress(this.#upstream.server, { ...plan, phase: 'withdrawn' })] };
    await this.#until(withdrawn);
  }

  async *#createOnly(plan: PlanState): AsyncGenerator<SourceBatch, void> {
    const { slot, server } = this.#upstream;
    const replication = await this.#upstream.connect({ replication: true, unlimited: true });
    try {
      const created = await createSlot(replication, slot.name, { failover: slot.failover, snapshot: 'nothing' });
      this.#lsn = created.consistentLsn;
    } finally {
      await replication.close();
    }
    const tables = (await this.#control.captured()).map(({ table }) => streamedPlan(table, this.#upstream.published));
    yield {
      records: [],
      progress: [
        planProgress(server, { ...plan, phase: 'planned', lsn: this.#lsn }),
        ...tables.map((table) => tablePlanProgress(server, table)),
      ],
    };
  }

  async *#readInitial(id: string, recorded: Set<string>): AsyncGenerator<SourceBatch, void> {
    const { server, options } = this.#upstream;
    const snapshot = new InitialSnapshot(this.#upstream, id);
    this.#reading = snapshot;
    const excluded = new Map<string, Table>();
    await snapshot.withSlot(async () => {
      const captured = await this.#control.captured();
      const included = captured.filter(({ table }) => options.includes(tableName(table)));
      for (const { table } of captured.filter((each) => !included.includes(each)))
        excluded.set(tableName(table), table);
      return included;
    });
    this.#lsn = snapshot.lsn;
    for (const { plan } of snapshot.works) recorded.add(plan.table);
    for (const table of excluded.keys()) recorded.add(table);
    const others = [...excluded.values()].map((table) =>
      tablePlanProgress(server, streamedPlan(table, this.#upstream.published)),
    );
    yield { records: [], progress: [...snapshot.plan(), ...others] };
    yield* this.#drain(snapshot);
  }

  async *#drain(snapshot: InitialSnapshot): AsyncGenerator<SourceBatch, void> {
    try {
      for (;;) {
        const batch = await snapshot.next(this.#signal);
        if (batch === null) return;
        yield batch;
      }
    } finally {
      await snapshot.close();
      this.#reading = undefined;
    }
  }

  async *#goOn({ lsn, reread }: Decision & { kind: 'go on' }): AsyncGenerator<SourceBatch, void> {
    const { server, env, slot, identity } = this.#upstream;
    this.#lsn = lsn;
    const captured = await this.#control.captured();
    const id = env.random.uuid();
    const progress: Progress[] = [...this.#forget(captured)];
    if (this.#state.plan === undefined || this.#state.plan.phase === 'creating') {
      progress.push(planProgress(server, { id, phase: 'known', slot: slot.name, lsn, ...identity }));
    }
    const open = captured.flatMap((each) => this.#openTable(each, id, reread, progress));
    this.#sayLost();
    if (progress.length > 0) yield { records: [], progress };
    if (this.only) return;
    this.#keepDropping(captured);
    yield* this.#beside(id, open);
    this.#windows.resume(this.#requests);
  }

  /** Tables without a key at a snapshot of their own, before the stream begins; the others in windows. */
  async *#beside(id: string, open: readonly OpenTable[]): AsyncGenerator<SourceBatch, void> {
    const keyless = open.filter(({ table }) => rowKey(table).length === 0);
    if (keyless.length > 0) yield* this.#readKeyless(id, keyless);
    this.#windows.known(await this.#control.captured());
    if (this.only) return;
    for (const each of open) if (rowKey(each.table).length > 0) this.#windows.add(each);
  }

  #sayLost(): void {
    const { context, options } = this.#upstream;
    const again =
      options.mode === 'no_data' ? 'they are not read, as snapshot.mode says: ask with execute-snapshot' : 'read again';
    context.warning(
      'POSTGRES_TABLES_LOST_SIGHT',
      this.#lost.length === 0
        ? null
        : `changes of these tables were not streamed for a time; ${again}: ${this.#lost.join(', ')}`,
    );
  }

  /** Tables that are captured no longer miss changes from now on: they are new when they come back. */
  #forget(captured: readonly CapturedTable[]): readonly Progress[] {
    const names = new Set(captured.map(({ table }) => tableName(table)));
    const before = new Set([...this.#state.tables.keys(), ...this.#requests.known]);
    const gone = [...before].filter((name) => !names.has(name) && !this.#state.forgotten.has(name));
    return gone.map((name) => forgottenProgress(this.#upstream.server, name));
  }

  /** What of a table is still to be read; offsets that have to be written for it go into `progress`. */
  #openTable({ table }: CapturedTable, id: string, reread: boolean, progress: Progress[]): OpenTable[] {
    const { server, options, published, needed } = this.#upstream;
    const name = tableName(table);
    const known = this.#state.tables.get(name);
    const now = published.get(table.oid) ?? '';
    const left = this.#requests.left.includes(name);
    const lost = left ? 'renamed' : known && lostSight(known.plan, table, published, needed);
    if (lost !== undefined) this.#lost.push(`${name} (${lost})`);
    const stored = lost === undefined ? known : undefined;
    const stopped = stored !== undefined && this.#requests.stopped.includes(stored.plan.plan);
    if (stored !== undefined && !reread) {
      const plan = { ...stored.plan, oid: table.oid, published: now };
      if (plan.oid !== stored.plan.oid || plan.published !== stored.plan.published) {
        progress.push(tablePlanProgress(server, plan));
      }
      const again = [...new Set([...stored.progress.again, ...(this.#requests.again[name] ?? [])])];
      if (stored.plan.kind === 'none' || stored.progress.finished) return [];
      if (stopped) {
        progress.push(tableProgress(server, name, { ...stored.progress, again: [], finished: true }));
        return [];
      }
      const restart = this.#requests.restarts.includes(name);
      const before = restart ? noProgress(stored.plan.plan) : { ...stored.progress, again };
      return [{ table, plan, progress: before, written: true }];
    }
    const streamed =
      !options.includes(name) ||
      options.mode === 'no_data' ||
      (this.#requests.known.includes(name) &&
        !this.#state.forgotten.has(name) &&
        lost === undefined &&
        !isNamed(now)) ||
      (!reread && this.#state.plan === undefined);
    if (streamed) {
      if (stored === undefined) progress.push(tablePlanProgress(server, streamedPlan(table, this.#upstream.published)));
      return [];
    }
    // The stream's offset does not name it any more.
    if (left) progress.push(forgottenProgress(server, name));
    return [wholeTable(table, id, this.#upstream.published)];
  }

  async *#readKeyless(id: string, open: readonly OpenTable[]): AsyncGenerator<SourceBatch, void> {
    const wanted = new Set(open.map(({ table }) => table.oid));
    const snapshot = new InitialSnapshot(this.#upstream, id);
    this.#reading = snapshot;
    await snapshot.withoutSlot(
      () => this.#control.captured(),
      (table) => wanted.has(table.oid),
    );
    yield { records: [], progress: snapshot.plan() };
    for (const { table } of snapshot.works) {
      const { visible, untilLsn } = snapshot.finished;
      if (visible !== undefined && untilLsn !== undefined) this.#windows.drop(table.oid, visible, untilLsn);
    }
    yield* this.#drain(snapshot);
  }

  /** Tables read by an earlier run at a snapshot that the stream has not passed yet. */
  #keepDropping(captured: readonly CapturedTable[]): void {
    for (const { table } of captured) {
      const { progress, plan } = this.#state.tables.get(tableName(table)) ?? {};
      if (plan?.oid !== undefined && plan.oid !== table.oid) continue;
      if (progress?.finished !== true || progress.visible === undefined || progress.untilLsn === undefined) continue;
      this.#windows.drop(table.oid, progress.visible, progress.untilLsn);
    }
  }

  async #until(promise: Promise<void>): Promise<void> {
    const signal = this.#signal;
    signal.throwIfAborted();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
