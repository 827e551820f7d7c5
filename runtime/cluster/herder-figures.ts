import type { ConfigStore } from '../store/configs.ts';
import type { StatusStore } from '../store/statuses.ts';
import type { TaskView } from '../task/host.ts';
import type { ConnectorType } from './answers.ts';
import type { ConnectorAnswers } from './connector-answers.ts';
import { stallText } from './connector-health.ts';
import type { Reconciler } from './reconciler.ts';
import type { StallGuard } from './stall-guard.ts';
import type { StartCounts } from './start-counts.ts';
import { traceSummary } from './state-info.ts';

/** What the metrics say of a connector. */
export interface ConnectorAbout {
  readonly state: string;
  readonly type: ConnectorType;
  readonly className: string;
  readonly version: string;
  readonly prefix: string | undefined;
}

export interface FigureSources {
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly reconciler: Reconciler;
  readonly stalls: StallGuard;
  readonly answers: ConnectorAnswers;
}

/** What is measured of the connectors and tasks that run here. */
export class HerderFigures {
  readonly #of: FigureSources;

  constructor(of: FigureSources) {
    this.#of = of;
  }

  get stalls(): StallGuard {
    return this.#of.stalls;
  }

  get starts(): StartCounts {
    return this.#of.reconciler.starts;
  }

  names(): readonly string[] {
    return this.#of.configs.names();
  }

  typeOf(name: string): ConnectorType {
    return this.#of.answers.typeOf(name);
  }

  views(): ReadonlyMap<string, readonly TaskView[]> {
    return this.#of.reconciler.views();
  }

  /** Connectors that could not be started or changed as wanted, have failed, or make no progress, each with the reason. */
  setbacks(): ReadonlyMap<string, string> {
    return new Map(
      this.names().flatMap((name): [string, string][] => {
        const trace = this.#of.reconciler.setbacks.trace(name);
        if (trace !== null) return [[name, traceSummary(trace)]];
        const failed = this.#failures(name);
        const stalled = this.#of.answers.progress(name).tasks.filter((task) => task.stalled !== undefined);
        const problems = [...failed, ...stalled.map(stallText)];
        return problems.length === 0 ? [] : [[name, problems.join('\n')]];
      }),
    );
  }

  /** What the connector and its tasks have failed of: a line each. */
  #failures(name: string): readonly string[] {
    const { statuses, answers } = this.#of;
    if (statuses.connector(name) === null) return [];
    const { connector, tasks } = answers.status(name);
    const own = connector.state === 'FAILED' ? [`FAILED: ${traceSummary(connector.trace ?? '')}`] : [];
    const failed = tasks.filter(({ state }) => state === 'FAILED');
    return [...own, ...failed.map(({ id, trace }) => `task ${id}: FAILED: ${traceSummary(trace ?? '')}`)];
  }

  about(name: string): ConnectorAbout {
    const { configs, reconciler, statuses, answers } = this.#of;
    const config = configs.get(name)?.config ?? {};
    const loaded = reconciler.planning.connector(name);
    return {
      state: statuses.connector(name) === null ? 'UNASSIGNED' : answers.status(name).connector.state,
      type: answers.typeOf(name),
      className: loaded?.className ?? config['connector.class'] ?? '',
      version: loaded?.version ?? '',
      prefix: config['topic.prefix'],
    };
  }

  /** Tasks that are being restarted by order. */
  restarting(name: string): number {
    return this.#of.statuses.tasks(name).filter(({ status }) => status.state === 'RESTARTING').length;
  }
}
