import { isDeepStrictEqual } from 'node:util';
import type { SinkConnector } from '../../connector/connector.ts';
import type { Log, TaskContext } from '../../connector/context.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { SinkRejection } from '../../connector/sink.ts';
import type { Replacement, SinkRebuild } from '../../connector/sink-target.ts';
import { crashingEnv } from '../../env/real.ts';
import type { Env } from '../../env/env.ts';
import { openHub, openHubForReading, type HubPlace } from '../../hub/embedded/open.ts';
import type { GroupOffset, Hub, TopicDescription } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName } from '../../record/record.ts';
import { ConfigProviders } from '../../settings/providers.ts';
import { readWorkerConfig, workerSettings } from '../../settings/worker-settings.ts';
import { sinkGroup } from '../../task/sink/sink-group.ts';
import type { PluginPlaces } from '../plugins/plugin-package.ts';
import { pluginPlaces } from '../plugins/plugin-places.ts';
import { taskConnector } from '../plugins/task-connector.ts';
import { configOf, storedConfigs } from '../stored-connectors.ts';
import { readsTopic } from '../verify/sink-reach.ts';
import { nameOf, replayLedger, stretchesOf, type LedgerReplayOptions, type Stretch } from './ledger-replay.ts';

export interface RunReindexOptions {
  /** The sink. */
  readonly name: string;
  readonly hubPath: string;
  /** The worker's configuration file, if it has one. */
  readonly workerConfig: string | undefined;
  /** Keep the mapping of the index as it is, instead of one made from the schemas of records. */
  readonly keepMapping: boolean;
  /** Go on where the ledger no longer has every record. */
  readonly incomplete: boolean;
  /** Reaches the worker that runs the sink; null: none does, and none can as long as this goes on. */
  readonly control: (() => Promise<SinkControl>) | null;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Stops a sink for a moment. */
export interface SinkControl {
  /** Resolves when none of its tasks writes any more. */
  stop(): Promise<void>;
  /** Sets offsets of the stopped sink back. */
  giveAgain(offsets: readonly GroupOffset[]): Promise<void>;
  /** Lets it do what it did before. */
  restore(): Promise<void>;
}

export interface ReindexReport {
  readonly indexes: readonly (Replacement & { readonly documents: number })[];
  readonly records: number;
  /** Records that the index did not take, the first ones with the reason. */
  readonly rejected: number;
  readonly reasons: readonly string[];
  /** Indexes that served before and that nothing leads to any more. */
  readonly left: readonly string[];
}

/** Fewer records than these are caught up with in one go. */
const NEAR = 1000n;
const MOST_PASSES = 10;
const MOST_REASONS = 10;

/**
 * Builds the indexes of a sink anew from the ledger while they serve, and puts them in their place.
 *
 * The shadows are filled up to near the end of the topics. Then the sink is stopped, the shadows catch up, the names
 * are switched in one step, and the sink goes on from its committed offsets. So there is no moment at which a record
 * that the sink has done with is in the old index alone: whatever this process is killed at, nothing is lost. Where
 * somebody lets the sink go on in between, what it did with is given to it again after the switch.
 */
export async function runReindex(options: RunReindexOptions): Promise<ReindexReport> {
  const { name, hubPath, workerConfig, variables, signal } = options;
  const env = crashingEnv(variables['MILLRACE_CRASH_AT']);
  const given = workerConfig === undefined ? {} : await readWorkerConfig(env, workerConfig);
  const settings = workerSettings({ ...given, 'millrace.hub.path': hubPath });
  const hub = await opened({ path: hubPath, env }, options.control === null);
  try {
    const providers = new ConfigProviders(env, variables, settings.effective, '`millrace reindex`');
    const stored = async (): Promise<RawConfig> =>
      configOf(await storedConfigs(hub, settings, signal), name, 'REINDEX_UNKNOWN_CONNECTOR');
    const asked = await stored();
    const config = await providers.resolve(asked);
    const { connector, rebuild } = await rebuilt(name, config, pluginPlaces(settings));
    const topics = await topicsOf(hub, name, config);
    if (!options.incomplete) await refuseShortLedger(hub, topics);
    const call = { name, config, env, log: options.log, signal };
    const names = topics.map((topic) => topic.name);
    const target = await rebuild(call, names, markOf(env));
    try {
      return await new Reindex(options, {
        env,
        hub,
        connector,
        config,
        target,
        topics,
        worker: settings.effective,
        isAsAsked: async () => isDeepStrictEqual(await stored(), asked),
      }).run();
    } finally {
      await target.close();
    }
  } finally {
    await hub.close();
  }
}

/** `alone`: as its writer, so that no worker has it meanwhile; `HUB_IN_USE` where one does. */
async function opened(place: HubPlace, alone: boolean): Promise<Hub> {
  const reading = await openHubForReading(place);
  if (!alone) return reading;
  await reading.close();
  return openHub(place);
}

interface ReindexParts {
  readonly env: Env;
  readonly hub: Hub;
  readonly connector: SinkConnector;
  readonly config: RawConfig;
  readonly target: SinkRebuild;
  readonly topics: readonly TopicDescription[];
  readonly worker: RawConfig;
  /** Whether the sink is configured as it was when this began. */
  readonly isAsAsked: () => Promise<boolean>;
}

class Reindex {
  readonly #options: RunReindexOptions;
  readonly #parts: ReindexParts;
  readonly #rejected = new Map<string, string>();
  #records = 0;
  /** What is in the shadows, as far as it is known to be. */
  #filled: readonly Stretch[] = [];

  constructor(options: RunReindexOptions, parts: ReindexParts) {
    this.#options = options;
    this.#parts = parts;
  }

  async run(): Promise<ReindexReport> {
    const { signal, progress, keepMapping, control } = this.#options;
    const { target } = this.#parts;
    // That it can be stopped is known before anything is built.
    const sink = control === null ? null : await control();
    let left: readonly string[];
    try {
      await target.create({ keep: keepMapping }, signal);
      const begun = await target.built(signal);
      // Those that records name come up as they are filled.
      if (begun.length > 0) progress(`creating ${begun.map(({ shadow }) => shadow).join(', ')}`);
      left = await this.#fillAndSwitch(sink);
    } catch (error) {
      // The command was stopped or failed, and may be given again. What serves by now stays.
      await target.discard(new AbortController().signal).catch(() => undefined);
      throw error;
    }
    const indexes = await Promise.all(
      (await target.built(signal)).map(async (one) => ({ ...one, documents: await target.count(one, signal) })),
    );
    const reasons = [...this.#rejected.values()].slice(0, MOST_REASONS);
    return { indexes, records: this.#records, rejected: this.#rejected.size, reasons, left };
  }

  async #fillAndSwitch(sink: SinkControl | null): Promise<readonly string[]> {
    await this.#fill();
    try {
      const left = await this.#switch(sink);
      await sink?.restore();
      return left;
    } catch (error) {
      // What went wrong first is what is told.
      await sink?.restore().catch((failure: unknown) => this.#options.progress(String(failure)));
      throw error;
    }
  }

  async #switch(sink: SinkControl | null): Promise<readonly string[]> {
    const { signal, progress, name } = this.#options;
    const { env, target } = this.#parts;
    if (sink !== null) {
      progress(`stopping ${name}`);
      await sink.stop();
    }
    await this.#refuseOtherTopics();
    if (!(await this.#parts.isAsAsked())) throw reconfigured(name);
    const last = await this.#since(this.#filled);
    await this.#replay(last, 'catching up');
    this.#refuseLosses();
    await target.refresh(signal);
    progress('switching');
    env.crash?.('reindex.before_switch');
    const left = await target.take(signal);
    env.crash?.('reindex.after_switch');
    if (sink !== null) await this.#giveAgain(sink, last);
    return left;
  }

  /** Somebody may have let the sink go on meanwhile: what it has done with since is in the old index alone. */
  async #giveAgain(sink: SinkControl, last: readonly Stretch[]): Promise<void> {
    const { hub, config } = this.#parts;
    const { name, progress } = this.#options;
    await sink.stop();
    const ends = new Map((await this.#since(last)).map((one) => [nameOf(one), one.from]));
    const committed = await hub.groups.offsets(sinkGroup(name, config));
    const again = committed.flatMap((at): GroupOffset[] => {
      const end = ends.get(topicPartitionName(at));
      return end === undefined || at.offset <= end ? [] : [{ ...at, offset: end }];
    });
    if (again.length === 0) return;
    progress(`${name} went on before the switch: what it wrote since is given to it again`);
    await sink.giveAgain(again);
  }

  /** Fills the shadows until they are near the end of the topics. */
  async #fill(): Promise<void> {
    this.#filled = await stretchesOf(this.#parts.hub, this.#parts.topics);
    await this.#replay(this.#filled, 'filling');
    for (let pass = 1; pass < MOST_PASSES; pass++) {
      const more = await this.#since(this.#filled);
      if (more.every(({ from, to }) => to - from < NEAR)) break;
      await this.#replay(more, 'catching up');
      this.#filled = more;
    }
  }

  /** What lies between these stretches and the end of the topics now. */
  async #since(stretches: readonly Stretch[]): Promise<Stretch[]> {
    const now = await stretchesOf(this.#parts.hub, this.#parts.topics);
    return now.map((one, i) => ({ ...one, from: stretches[i]?.to ?? one.from }));
  }

  async #replay(stretches: readonly Stretch[], doing: string): Promise<void> {
    const { log, signal, progress } = this.#options;
    const { env, hub, connector, config, worker, target } = this.#parts;
    const total = stretches.reduce((sum, { from, to }) => sum + (to - from), 0n);
    const of: LedgerReplayOptions = {
      hub,
      env,
      connector,
      createTask: () => target.createTask(),
      config,
      worker,
      context: contextOf(this.#options.name, log, progress),
      signal,
      counted: (records) => progress(`${doing}: ${records} of ${total} records`),
    };
    for (const rejection of await replayLedger(of, stretches)) this.#reject(rejection);
    this.#records += Number(total);
  }

  #reject({ record, error }: SinkRejection): void {
    this.#rejected.set(`${record.topic}-${record.partition}@${record.offset}`, error.message);
  }

  /** The sink may have taken records of a topic, or of partitions, that came while the shadows were filled. */
  async #refuseOtherTopics(): Promise<void> {
    const { hub, config, topics } = this.#parts;
    const now = await topicsOf(hub, this.#options.name, config);
    const same = topics.every((topic) =>
      now.some(({ id, partitions }) => id === topic.id && partitions === topic.partitions),
    );
    if (same && now.length === topics.length) return;
    throw new MillraceError('REINDEX_TOPICS_CHANGED', 'topics came, went or got more partitions meanwhile', {
      kind: 'conflict',
      key: 'topics',
      remedy: 'Nothing was switched. Give the command again.',
    });
  }

  /** Documents that the new index refuses would be missing in it: only an operator can want that. */
  #refuseLosses(): void {
    const [reason] = this.#rejected.values();
    if (reason === undefined || this.#parts.config['errors.tolerance'] === 'all') return;
    throw new MillraceError(
      'REINDEX_REJECTED',
      `the new index does not take ${this.#rejected.size} of the records: ${reason}`,
      {
        kind: 'data',
        remedy: 'Mend the mapping or the records; with errors.tolerance=all in the connector they are left out.',
      },
    );
  }
}

/** Topics that the sink reads and that exist. */
async function topicsOf(hub: Hub, name: string, config: RawConfig): Promise<readonly TopicDescription[]> {
  const topics = (await hub.admin.topics()).filter((topic) => readsTopic(config, topic.name));
  if (topics.length > 0) return topics;
  throw new MillraceError('REINDEX_NOTHING', `no topic that ${name} reads exists in this hub`, {
    kind: 'missing',
    key: 'topics',
    remedy: 'Give the directory of the hub with --hub, or see the topics of the connector.',
  });
}

async function refuseShortLedger(hub: Hub, topics: readonly TopicDescription[]): Promise<void> {
  for (const { topic, partition, from } of await stretchesOf(hub, topics)) {
    // A partition that was added later never had anything before.
    const first = topic.growths?.findLast((growth) => growth.partitions <= partition)?.offset ?? 0n;
    if (from <= first || topic.config['cleanup.policy']?.includes('compact') === true) continue;
    throw new MillraceError(
      'REINDEX_LEDGER_SHORT',
      `${topic.name}-${partition} begins at offset ${from}: documents made by the ${from - first} records before would be missing`,
      {
        kind: 'position',
        key: '--incomplete',
        remedy: 'Snapshot the source again into the topic first, or give --incomplete to go on without them.',
      },
    );
  }
}

async function rebuilt(name: string, config: RawConfig, places: PluginPlaces) {
  const connector = await taskConnector(config['connector.class'] ?? '', places);
  if (connector.kind === 'sink' && connector.rebuild !== undefined) return { connector, rebuild: connector.rebuild };
  throw new MillraceError('REINDEX_NO_INDEX', `connector ${name} (${connector.className}) writes no search index`, {
    kind: 'config',
    remedy: 'Name a sink of Elasticsearch or OpenSearch, or one that offers it (rebuild).',
  });
}

/** `202601311200007f3a`: the second in UTC, and what tells it from another that began in the same one. */
function markOf({ clock, random }: Env): string {
  const second = new Date(clock.nowMs()).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  return second + random.bytes(2).toString('hex');
}

function reconfigured(name: string): MillraceError {
  return new MillraceError('REINDEX_CONFIG_CHANGED', `the configuration of ${name} was changed meanwhile`, {
    kind: 'conflict',
    key: 'connector',
    remedy: 'Nothing was switched. Give the command again.',
  });
}

const nothing = (): void => undefined;

function contextOf(connector: string, log: Log, progress: (text: string) => void): TaskContext {
  return {
    connector,
    task: 0,
    log,
    stage: nothing,
    idle: nothing,
    gauge: nothing,
    info: nothing,
    warning: (_code, text) => (text === null ? undefined : progress(text)),
  };
}
