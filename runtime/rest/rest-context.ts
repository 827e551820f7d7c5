import type { PluginSummary } from '../cluster/plugin-catalog.ts';
import type { Herder } from '../cluster/herder.ts';
import type { Log } from '../connector/context.ts';
import type { TopicConfig, TopicConfigChange, TopicDescription } from '../hub/port.ts';
import type { Health } from '../observe/health.ts';
import type { LevelName, LoggerLevels } from '../observe/logger-levels.ts';
import type { TlsMaterial } from '../settings/tls-files.ts';
import type { DeadLetterAccess } from './dead-letter-access.ts';
import type { RestAccess } from './access.ts';
import type { ProducedRecords } from './hub-records.ts';
import type { Planner } from './plan-answers.ts';
import type { Rewinder } from './rewind-answers.ts';

/** What a client may take of this worker. */
export interface RestLimits {
  readonly headerBytes: number;
  /** Milliseconds for a whole request to arrive. */
  readonly requestTimeoutMs: number;
  readonly connections: number;
}

/** What the resources are served from. */
export interface RestContext {
  readonly herder: Herder;
  readonly log: Log;
  readonly version: string;
  readonly commit: string;
  /** Identity of the hub. */
  readonly hubId: string;
  readonly plugins: () => readonly PluginSummary[];
  readonly health: () => Health;
  readonly topics: {
    list(): Promise<readonly TopicDescription[]>;
    create(name: string, partitions: number, config: TopicConfig): Promise<TopicDescription>;
    /** So many partitions in all, or other settings; null: the default again. */
    alter(
      name: string,
      change: { readonly partitions: number } | { readonly config: TopicConfigChange },
    ): Promise<TopicDescription>;
    /** Appends records, all or none: `{"records": […], "config": {…}}` as JSON, whose numbers keep their digits. */
    produce(name: string, body: Buffer): Promise<ProducedRecords>;
  };
  readonly deadLetters: DeadLetterAccess;
  readonly loggers: LoggerLevels;
  /** Sets a log level on every worker of the cluster. */
  readonly clusterLevel: (logger: string, level: LevelName) => Promise<void>;
  /** Prometheus text exposition, and its content type. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Largest body in bytes. */
  readonly bodyBytes: number;
  /** Names this worker may be called by beside addresses and `localhost`; null: any. */
  readonly hosts: readonly string[] | null;
  /** Origins that browsers may call from, by commas, `*` for any; empty: none. */
  readonly allowOrigin: string;
  readonly allowMethods: string;
  /** Who may do what; absent: anyone may do all. */
  readonly access?: RestAccess;
  /** Which paths: all by default; `/admin/*` may have listeners of its own, or none. */
  readonly paths?: 'all' | 'admin' | 'without admin';
  /** Headers for every answer, as of now; absent: none. */
  readonly headers?: () => Readonly<Record<string, string | string[]>>;
  /** Served over TLS with this; absent: without. */
  readonly tls?: TlsMaterial;
  readonly limits?: RestLimits;
  /** Plans and applies sets of configurations; absent: `/plan` and `/apply` are not served. */
  readonly planner?: Planner;
  /** Absent: `/connectors/{c}/rewind` is not served. */
  readonly rewinder?: Rewinder;
  /** Hides known secrets in a text (I9). */
  readonly hide?: (text: string) => string;
  readonly topicTracking: boolean;
  readonly topicTrackingReset: boolean;
}
