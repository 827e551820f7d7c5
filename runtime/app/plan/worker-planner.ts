import type { PluginCatalog } from '../../cluster/plugin-catalog.ts';
import { checkResolved, hiddenErrors, namedConnector, withName } from '../../cluster/config-checks.ts';
import type { ConnectorChange, Herder } from '../../cluster/herder.ts';
import { CLIENT_KEYS_REASON, CLIENT_KEYS_TOLD } from '../../connector/client-keys.ts';
import type { Connector } from '../../connector/connector.ts';
import type { RawConfig } from '../../connector/options.ts';
import { unredact } from '../../connector/secrets.ts';
import type { Validation } from '../../connector/validate.ts';
import type { Redactor } from '../../observe/redactor.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import type {
  Applied,
  ApplyRequest,
  ConnectorPlan,
  Plan,
  PlannedConnector,
  Planner,
  PlanRequest,
  SampleReport,
} from '../../rest/plan-answers.ts';
import type { ConfigProviders } from '../../settings/providers.ts';
import type { ConfigStore } from '../../store/configs.ts';
import { configDiff } from './config-diff.ts';
import { hiddenTexts } from './hidden-texts.ts';
import { planHash, planKey, type HashedConnector } from './plan-hash.ts';
import { Sampler, type SampledConnector, type SamplerOptions } from './sampler.ts';

export interface PlannerOptions extends SamplerOptions {
  readonly herder: Herder;
  readonly catalog: PluginCatalog;
  readonly providers: ConfigProviders;
  readonly configs: ConfigStore;
  readonly redactor: Redactor;
  readonly hubPath: string;
}

/** A connector as it is proposed, looked at as far as needs no network. */
interface Draft extends HashedConnector {
  readonly connector: Connector | null;
  readonly errors: readonly { readonly key: string; readonly message: string }[];
  readonly notes: readonly string[];
}

const LEFT_OUTSIDE =
  'what it left outside (a replication slot, a publication) stays, and its offsets stay: `millrace connectors delete --destroy` removes the former';
/** Connectors looked at side by side. */
const AT_ONCE = 4;

/** Plans against this worker's stored configurations, and carries plans out through its herder. */
export class WorkerPlanner implements Planner {
  readonly #options: PlannerOptions;
  readonly #sampler: Sampler;
  #key: Promise<Uint8Array> | null = null;

  constructor(options: PlannerOptions) {
    this.#options = options;
    this.#sampler = new Sampler(options);
  }

  async plan(request: PlanRequest, signal: AbortSignal): Promise<Plan> {
    const drafts = await this.#drafts(request);
    const connectors: ConnectorPlan[] = [];
    for (let at = 0; at < drafts.length; at += AT_ONCE) {
      const some = drafts.slice(at, at + AT_ONCE).map((draft) => this.#planned(draft, request, signal));
      connectors.push(...(await Promise.all(some)));
    }
    const valid = connectors.every(({ errors }) => errors.length === 0);
    const plan: Plan = {
      hash: valid ? await this.#hash(drafts) : null,
      changes: connectors.some(({ action }) => action !== 'unchanged'),
      ok: valid && connectors.every(standsUp),
      connectors,
    };
    return hiddenTexts(plan, this.#options.redactor.hide) as Plan;
  }

  /**
   * While it is carried out nobody else changes one of its connectors, and all of it is held against what is stored
   * before the first change. What ends it midway (a hub that is full, say) is told with all that was done.
   */
  async apply(request: ApplyRequest): Promise<Applied> {
    const drafts = await this.#drafts(request);
    if ((await this.#hash(drafts)) !== request.hash) throw planChanged(request.hash);
    const known = new Map(drafts.map((draft) => [draft.name, draft]));
    const changes = drafts.map((draft): ConnectorChange => {
      const config = actionOf(draft) === 'unchanged' ? 'as it is' : draft.proposed;
      return { name: draft.name, config };
    });
    const applied: Applied['applied'][number][] = [];
    try {
      await this.#options.herder.changeAll(
        changes,
        (name, stored) => {
          if (!sameConfig(stored, known.get(name)?.current ?? null)) throw planChanged(name);
        },
        ({ name }) => applied.push({ name, result: resultOf(known.get(name)) }),
      );
    } catch (error) {
      throw halfWay(drafts, applied, error);
    }
    return { applied };
  }

  async #hash(drafts: readonly HashedConnector[]): Promise<string> {
    const { env, hubPath } = this.#options;
    this.#key ??= planKey(env, hubPath);
    return planHash(await this.#key, drafts);
  }

  async #drafts({ connectors, prune }: Pick<PlanRequest, 'connectors' | 'prune'>): Promise<Draft[]> {
    const names = new Set(connectors.map(({ name }) => name));
    if (names.size < connectors.length) throw twice();
    if (prune && names.size === 0) throw pruneAll();
    const gone = prune ? this.#options.configs.names().filter((name) => !names.has(name)) : [];
    const drafts = await Promise.all(connectors.map((one) => this.#draft(one)));
    return [...drafts, ...(await Promise.all(gone.map((name) => this.#goneDraft(name))))];
  }

  async #draft({ name, config }: PlannedConnector): Promise<Draft> {
    const { catalog, providers, redactor, configs } = this.#options;
    const current = configs.get(name)?.config ?? null;
    const named = withName(name, config);
    const proposed = current === null ? named : unredact(named, current);
    const about = { name, current, proposed };
    if (proposed['name'] !== name)
      return { ...about, connector: null, version: null, errors: [otherName(proposed, name)], notes: [] };
    try {
      const connector = await namedConnector(catalog, proposed);
      const hiddenOnes = hiddenErrors(proposed);
      const { errors, notes } =
        hiddenOnes.length > 0
          ? { errors: hiddenOnes, notes: [] }
          : checked(await checkResolved(connector, proposed, catalog, providers, redactor));
      return { ...about, connector, version: connector.version, errors: errors.map(keyAndMessage), notes };
    } catch (error) {
      if (!(error instanceof MillraceError) || error.kind !== 'config') throw error;
      const errors = [{ key: error.key ?? 'connector.class', message: error.message }];
      return { ...about, connector: null, version: null, errors, notes: [] };
    }
  }

  async #goneDraft(name: string): Promise<Draft> {
    const { catalog, configs } = this.#options;
    const current = configs.get(name)?.config ?? null;
    const connector = await catalog.connector(current?.['connector.class'] ?? '').catch(() => null);
    return { name, current, proposed: null, connector, version: connector?.version ?? null, errors: [], notes: [] };
  }

  async #planned(draft: Draft, request: PlanRequest, signal: AbortSignal): Promise<ConnectorPlan> {
    const { name, current, proposed, connector, version, errors, notes } = draft;
    const action = actionOf(draft);
    const before = await this.#optionsOf(current);
    const sets = [...(connector === null ? [] : [connector.options]), ...before];
    const base: ConnectorPlan = {
      name,
      action,
      type: connector?.kind ?? 'unknown',
      class: connector?.className ?? null,
      version,
      keys: proposed === null ? [] : configDiff(current, proposed, sets),
      errors,
      notes: action === 'delete' && connector?.destroy !== undefined ? [LEFT_OUTSIDE] : notes,
    };
    if (proposed === null || connector === null || errors.length > 0) return base;
    const check = request.check ? await this.#options.herder.gate.check(name, proposed, signal) : undefined;
    const sampled = action !== 'unchanged' && request.sample > 0;
    const sample = sampled ? await this.#sample(draft, connector, proposed, request.sample, signal) : undefined;
    return { ...base, ...(check === undefined ? {} : { check }), ...(sample === undefined ? {} : { sample }) };
  }

  async #optionsOf(config: RawConfig | null): Promise<readonly Connector['options'][]> {
    const className = config?.['connector.class'];
    if (className === undefined) return [];
    const connector = await this.#options.catalog.connector(className).catch(() => null);
    return connector === null ? [] : [connector.options];
  }

  async #sample(
    { name, current }: Draft,
    connector: Connector,
    proposed: RawConfig,
    count: number,
    signal: AbortSignal,
  ): Promise<SampleReport> {
    const { providers } = this.#options;
    const running = current === null ? null : await this.#running(current);
    const config = await providers.resolve(proposed);
    return this.#sampler.sample({ name, current: running, proposed: { connector, config }, count, signal });
  }

  /** null: what is stored cannot be run any more. */
  async #running(current: RawConfig): Promise<SampledConnector | null> {
    const { catalog, providers, redactor } = this.#options;
    try {
      const connector = await namedConnector(catalog, current);
      // Its secrets are hidden from here on (I9).
      await checkResolved(connector, current, catalog, providers, redactor);
      return { connector, config: await providers.resolve(current) };
    } catch {
      return null;
    }
  }
}

/** What is wrong, and what is accepted though nothing reads it. */
function checked({ errors, unknown, inert, client }: Validation): Pick<Draft, 'errors' | 'notes'> {
  const unread = [...unknown, ...inert];
  return {
    errors,
    notes: [
      ...(unread.length === 0 ? [] : [`nothing reads ${unread.join(', ')}`]),
      ...(client.length === 0 ? [] : [`${client.join(', ')}: ${CLIENT_KEYS_TOLD}: ${CLIENT_KEYS_REASON}`]),
    ],
  };
}

function actionOf({ current, proposed }: HashedConnector): ConnectorPlan['action'] {
  if (proposed === null) return 'delete';
  if (current === null) return 'create';
  return sameConfig(current, proposed) ? 'unchanged' : 'update';
}

function sameConfig(a: RawConfig | null, b: RawConfig | null): boolean {
  if (a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function standsUp({ check, sample }: ConnectorPlan): boolean {
  return check?.ok !== false && sample?.problem === undefined && sample?.errors.some(({ stops }) => stops) !== true;
}

function keyAndMessage({ key, message }: { readonly key: string; readonly message: string }) {
  return { key, message };
}

function otherName(config: RawConfig, name: string) {
  const message = `Connector name configuration (${config['name']}) doesn't match connector name (${name})`;
  return { key: 'name', message };
}

function planChanged(what: string): MillraceError {
  return new MillraceError(
    'PLAN_CHANGED',
    `the plan no longer holds (${what}): since it was made, a configuration on the worker, a proposed one, or a connector's version has changed`,
    { kind: 'conflict', key: 'hash', remedy: 'Plan again, look at what is different, and apply with the new hash.' },
  );
}

const RESULTS = { create: 'created', update: 'updated', unchanged: 'unchanged', delete: 'deleted' } as const;

function resultOf(draft: HashedConnector | undefined): Applied['applied'][number]['result'] {
  return draft === undefined ? 'unchanged' : RESULTS[actionOf(draft)];
}

/** What was changed and what was not, each by name; the error itself where nothing was changed. */
function halfWay(drafts: readonly HashedConnector[], applied: Applied['applied'], cause: unknown): unknown {
  const done = applied.filter(({ result }) => result !== 'unchanged');
  const [failed] = drafts.slice(applied.length);
  if (done.length === 0 || failed === undefined) return cause;
  const left = drafts.slice(applied.length).filter((draft) => actionOf(draft) !== 'unchanged');
  const known = cause instanceof MillraceError ? cause : undefined;
  const reason = messageOf(cause);
  const parts = [
    `the plan was carried out in part. Done: ${done.map(({ name, result }) => `${name} ${result}`).join(', ')}`,
    `Not done: ${left.map((draft) => `${draft.name} (${actionOf(draft)})`).join(', ')}`,
    `It ended at ${failed.name}: ${reason}`,
  ];
  return new MillraceError('PLAN_HALF_APPLIED', parts.join('. '), {
    kind: known?.kind ?? 'bug',
    ...(known?.key === undefined ? {} : { key: known.key }),
    cause,
    remedy: 'Plan again: what is done shows as unchanged, and is not done again.',
  });
}

function twice(): MillraceError {
  return new MillraceError('PLAN_INVALID', 'a connector is named twice', {
    kind: 'config',
    key: 'connectors',
    remedy: 'Name each connector once.',
  });
}

function pruneAll(): MillraceError {
  return new MillraceError('PLAN_INVALID', 'pruning without a single connector would delete all', {
    kind: 'config',
    key: 'prune',
    remedy: 'Delete them by name: millrace connectors delete.',
  });
}
