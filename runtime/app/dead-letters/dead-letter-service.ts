import { connectorNotFound } from '../../cluster/connector-errors.ts';
import { ConnectorQueue } from '../../cluster/connector-queue.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import type {
  DeadLetterAccess,
  DeadLetterInfo,
  DeadLetterList,
  DeadLetterQuery,
  RedriveJobInfo,
  RedriveRequest,
} from '../../rest/dead-letter-access.ts';
import { isOpen, RedriveStore, type Mark, type RedriveJob } from '../../store/redrives.ts';
import { originalHeaders, redriveCount, stackOf } from '../../task/error/dead-letter-facts.ts';
import { deadLetterPolicy } from '../../task/error/dead-letters.ts';
import { deadLetters, matches, wholeLog, type StoredDeadLetter } from '../../task/redrive/dead-letter-log.ts';
import { isSelected } from '../../task/redrive/redriver.ts';
import { payload, readable } from '../readable.ts';

export interface DeadLetterServiceOptions {
  readonly hub: Hub;
  readonly env: Env;
  /** The stored configuration of a connector, and which kind it is; null: there is none. */
  readonly connector: (name: string) => { readonly config: RawConfig; readonly kind: 'source' | 'sink' } | null;
}

/** Reads dead letters for people, and writes down what their tasks are to do with them. */
export class DeadLetterService implements DeadLetterAccess {
  readonly #options: DeadLetterServiceOptions;
  readonly #stop = new AbortController();
  readonly #orders = new ConnectorQueue();
  #store: Promise<RedriveStore> | null = null;

  constructor(options: DeadLetterServiceOptions) {
    this.#options = options;
  }

  async list(connector: string, query: DeadLetterQuery, limit: number, all: boolean): Promise<DeadLetterList> {
    const topic = this.#topic(connector);
    const store = await this.#opened();
    const found: DeadLetterInfo[] = [];
    for await (const letter of this.#read(connector, topic)) {
      const mark = store.mark(letter);
      if (!(all || isOpen(mark)) || !matches(letter, query)) continue;
      if (found.length === limit) return { topic, deadletters: found, more: true };
      found.push(info(letter, mark, false));
    }
    return { topic, deadletters: found, more: false };
  }

  async show(
    connector: string,
    topic: string,
    partition: number,
    offset: bigint,
    stack: boolean,
  ): Promise<DeadLetterInfo> {
    const { hub } = this.#options;
    this.#topic(connector);
    const place = (await wholeLog(hub, topic)).find((one) => one.partition === partition);
    if (place !== undefined && offset >= place.from && offset < place.to) {
      const here = [{ partition, from: offset, to: offset + 1n }];
      const store = await this.#opened();
      for await (const letter of deadLetters(hub, topic, connector, here, this.#stop.signal)) {
        return info(letter, store.mark(letter), stack);
      }
    }
    throw missing(`there is no dead letter of ${connector} at ${topic}/${partition}/${offset}`, `list ${connector}`);
  }

  /** One at a time of a connector: two that were counted side by side would both be the one that is open. */
  redrive(connector: string, request: RedriveRequest): Promise<RedriveJobInfo> {
    return this.#orders.run(connector, () => this.#order(connector, request));
  }

  async #order(connector: string, request: RedriveRequest): Promise<RedriveJobInfo> {
    const { hub, env } = this.#options;
    const topic = this.#topic(connector);
    const store = await this.#opened();
    const under = store.openJob(connector);
    if (under !== undefined) throw busy(connector, under);
    const places = await wholeLog(hub, topic);
    const id = env.random.uuid();
    const wanted = { id, filter: request.filter, only: request.only, force: request.force };
    const absent = new Set(request.only?.map(({ partition, offset }) => `${partition}/${offset}`));
    let total = 0;
    for await (const letter of deadLetters(hub, topic, connector, places, this.#stop.signal)) {
      absent.delete(`${letter.partition}/${letter.offset}`);
      if (isSelected(wanted, letter, store.mark(letter))) total++;
    }
    if (absent.size > 0)
      throw missing(
        `there is no dead letter of ${connector} in ${topic} at ${[...absent].join(', ')}`,
        `list ${connector}`,
      );
    const job: RedriveJob = {
      ...wanted,
      connector,
      action: request.action,
      topic,
      topicId: (await hub.admin.describe(topic))?.id ?? '',
      ends: places.map(({ to }) => String(to)),
      createdMs: env.clock.nowMs(),
      total,
      state: total === 0 ? 'done' : 'open',
      ...(total === 0 ? { counts: {} } : {}),
    };
    await store.putJob(job);
    return this.#jobInfo(store, job);
  }

  async jobs(connector: string): Promise<readonly RedriveJobInfo[]> {
    this.#config(connector);
    const store = await this.#opened();
    return store.jobs(connector).map((job) => this.#jobInfo(store, job));
  }

  async job(connector: string, id: string): Promise<RedriveJobInfo> {
    const store = await this.#opened();
    return this.#jobInfo(store, this.#job(store, connector, id));
  }

  /** What is done stays done. */
  async cancel(connector: string, id: string): Promise<RedriveJobInfo> {
    const store = await this.#opened();
    const job = this.#job(store, connector, id);
    if (job.state === 'open') await store.putJob({ ...job, state: 'cancelled', counts: store.counts(job) });
    return this.job(connector, id);
  }

  async close(): Promise<void> {
    this.#stop.abort(new MillraceError('DEADLETTERS_CLOSED', 'the worker is ending', { kind: 'closed' }));
    await (await this.#store?.catch(() => null))?.close();
  }

  async *#read(connector: string, topic: string): AsyncGenerator<StoredDeadLetter> {
    const { hub } = this.#options;
    yield* deadLetters(hub, topic, connector, await wholeLog(hub, topic), this.#stop.signal);
  }

  #opened(): Promise<RedriveStore> {
    const { hub, env } = this.#options;
    const forget = (): void => {
      this.#store = null;
    };
    this.#store ??= RedriveStore.open({ hub, env, failed: forget }, this.#stop.signal);
    this.#store.catch(forget);
    return this.#store;
  }

  #config(connector: string) {
    const found = this.#options.connector(connector);
    if (found === null) throw connectorNotFound(connector);
    return found;
  }

  #topic(connector: string): string {
    const { config, kind } = this.#config(connector);
    const policy = deadLetterPolicy({ config }, kind);
    if (policy.kind === 'dead-letter') return policy.topic;
    const message = `connector ${connector} keeps no dead letters: a record that fails stops its task`;
    throw new MillraceError('DEADLETTERS_NONE', message, {
      kind: 'config',
      key: 'errors.tolerance',
      remedy: policy.remedy,
    });
  }

  #job(store: RedriveStore, connector: string, id: string): RedriveJob {
    const job = store.jobs(connector).find((one) => one.id === id);
    if (job === undefined) throw missing(`connector ${connector} has no redrive ${id}`, `jobs ${connector}`);
    return job;
  }

  #jobInfo(store: RedriveStore, job: RedriveJob): RedriveJobInfo {
    const { id, action, state, total, createdMs, problem } = job;
    const created = new Date(createdMs).toISOString();
    const outcomes = store.counts(job);
    return { id, action, state, total, outcomes, created, ...(problem === undefined ? {} : { problem }) };
  }
}

function info(letter: StoredDeadLetter, mark: Mark | undefined, stack: boolean): DeadLetterInfo {
  const { facts, headers } = letter;
  const open = (value: unknown): unknown =>
    facts.form === 'record' || facts.form === 'cells' ? payload(value) : value;
  const { topic, partition, offset } = facts;
  const trace = stack ? stackOf(headers, facts) : undefined;
  return {
    topic: letter.topic,
    partition: letter.partition,
    offset: String(letter.offset),
    failed: facts.at === 0 ? null : new Date(facts.at).toISOString(),
    form: facts.form,
    stage: facts.stage,
    class: facts.class,
    code: facts.code,
    message: facts.message,
    origin: {
      ...(topic === undefined ? {} : { topic }),
      ...(partition === undefined ? {} : { partition }),
      ...(offset === undefined ? {} : { offset }),
    },
    ...(facts.source === undefined ? {} : { source: { ...facts.source } }),
    task: facts.task,
    redrives: redriveCount(headers),
    state: mark === undefined || isOpen(mark) ? 'open' : mark.outcome,
    ...(mark?.note === undefined ? {} : { note: mark.note }),
    key: open(readable(letter.key)),
    value: open(readable(letter.value)),
    headers: originalHeaders(headers).map(({ key, value }) => ({ key, value: readable(value) })),
    ...(trace === undefined ? {} : { stack: trace }),
  };
}

/** `command`: what of `millrace deadletters` shows those there are. */
function missing(message: string, command: string): MillraceError {
  const remedy = `Choose among those that \`millrace deadletters ${command}\` shows.`;
  return new MillraceError('DEADLETTERS_NOT_FOUND', message, { kind: 'missing', remedy });
}

function busy(connector: string, job: RedriveJob): MillraceError {
  return new MillraceError('DEADLETTERS_BUSY', `a ${job.action} of ${connector} is under way: ${job.id}`, {
    kind: 'conflict',
    remedy: 'Wait for it, or cancel it. It goes on only while the connector runs.',
  });
}
