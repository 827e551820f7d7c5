import type { Connector, ConnectorCall } from '../../connector/connector.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { Log } from '../../connector/context.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { asError, messageOf } from '../../record/thrown.ts';
import type { SampleReport } from '../../rest/plan-answers.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import { SchemaStore } from '../../store/schemas.ts';
import { sinkSettings } from '../../task/sink/sink-settings.ts';
import { hubTail } from './hub-tail.ts';
import type { SampleRun } from './outcome.ts';
import { sampleReport } from './sample-report.ts';
import { runSink } from './sink-run.ts';
import { runSource } from './source-run.ts';

export interface SamplerOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly log: Log;
  /** Worker options as texts, defaults filled in. */
  readonly worker: RawConfig;
}

/** A connector with its configuration, variables resolved. */
export interface SampledConnector {
  readonly connector: Connector;
  readonly config: RawConfig;
}

export interface SampleWork {
  readonly name: string;
  /** As it runs; null: it does not. */
  readonly current: SampledConnector | null;
  readonly proposed: SampledConnector;
  readonly count: number;
  readonly signal: AbortSignal;
}

const NOTHING = { made: 0, dropped: 0, failed: 0 };

/** Runs real records through a proposed configuration and the one that runs. Writes nowhere, moves no offset. */
export class Sampler {
  readonly #options: SamplerOptions;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** Never throws but for the signal: why there is no sample is said in it. */
  async sample(work: SampleWork): Promise<SampleReport> {
    const from = work.proposed.connector.kind === 'sink' ? 'hub' : 'upstream';
    // Both sides see the same instant: what they stamp does not differ by it.
    const nowMs = this.#options.env.clock.nowMs();
    try {
      const after = await this.#run(work, work.proposed, nowMs);
      const before = work.current === null ? null : await this.#before(work, work.current, nowMs);
      const report = sampleReport(from, before instanceof Error ? null : before, after);
      if (!(before instanceof Error)) return report;
      return { ...report, notes: [...report.notes, `what runs now could not be tried: ${before.message}`] };
    } catch (error) {
      work.signal.throwIfAborted();
      const problem = problemOf(error);
      return { ...sampleReport(from, null, { outcomes: [], notes: [] }), after: NOTHING, problem };
    }
  }

  async #before(work: SampleWork, current: SampledConnector, nowMs: number): Promise<SampleRun | Error> {
    if (current.connector.kind !== work.proposed.connector.kind) return new Error('it is of another kind');
    try {
      return await this.#run(work, current, nowMs);
    } catch (error) {
      work.signal.throwIfAborted();
      return asError(error);
    }
  }

  async #run(work: SampleWork, { connector, config }: SampledConnector, nowMs: number): Promise<SampleRun> {
    const { env, log, worker, hub } = this.#options;
    const { name, count, signal } = work;
    const clock = {
      nowMs: () => nowMs,
      nowUs: () => BigInt(Math.trunc(nowMs)) * 1000n,
      monotonicMs: () => env.clock.monotonicMs(),
    };
    const call: ConnectorCall = { name, config, env: { ...env, clock }, log, signal };
    if (connector.kind === 'source') return runSource(connector, call, worker, count);
    const spec = { connector: name, task: 0, epoch: 0, className: connector.className, config, worker, paused: false };
    const settings = sinkSettings({ ...spec, tasks: 1 });
    const tail = await hubTail(hub, settings.topics, count, signal);
    const catalog = await this.#catalog(settings.schemaTopic, signal);
    try {
      const run = await runSink({ connector, call, worker, tail, catalog, count });
      return { ...run, notes: [...tail.notes, ...run.notes] };
    } finally {
      await catalog.close();
    }
  }

  /** A topic that is not there yet is not made for this. */
  async #catalog(topic: string, signal: AbortSignal): Promise<SchemaCatalog & { close(): Promise<void> }> {
    const { hub, env } = this.#options;
    if ((await hub.admin.describe(topic)) === null) return NO_SCHEMAS;
    return SchemaStore.open({ hub, env, topic, failed: () => {} }, signal);
  }
}

const NO_SCHEMAS: SchemaCatalog & { close(): Promise<void> } = {
  id: () => new Uint8Array(8),
  isDurable: () => false,
  ensure: async () => {},
  find: () => undefined,
  load: async () => {},
  close: async () => {},
};

function problemOf(error: unknown): NonNullable<SampleReport['problem']> {
  if (!(error instanceof MillraceError)) {
    return { code: 'SAMPLE_FAILED', message: messageOf(error) };
  }
  const { code, message, remedy } = error;
  return { code, message, ...(remedy === undefined ? {} : { remedy }) };
}
