import { Herder } from '../../../runtime/cluster/herder.ts';
import type { ConnectorOffset } from '../../../runtime/cluster/answers.ts';
import type { Log } from '../../../runtime/connector/context.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { levelName, LoggerLevels } from '../../../runtime/observe/logger-levels.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { ConfigProviders } from '../../../runtime/settings/providers.ts';
import { ConfigStore } from '../../../runtime/store/configs.ts';
import { partitionIdentity } from '../../../runtime/store/offsets.ts';
import { StatusStore } from '../../../runtime/store/statuses.ts';
import { MemoryHub } from '../store/memory-hub.ts';
import { FakeHost } from './fake-host.ts';
import { FileCatalog } from './file-stream.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function memoryLog(lines: LogLine[]): Log {
  const at =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A worker without network and threads, on a hub in memory that outlives it. */
export interface TestWorker {
  readonly herder: Herder;
  readonly host: FakeHost;
  readonly hub: MemoryHub;
  readonly configs: ConfigStore;
  readonly statuses: StatusStore;
  readonly catalog: FileCatalog;
  readonly lines: LogLine[];
  readonly loggers: LoggerLevels;
  readonly sourceOffsets: Map<string, SourceOffset[]>;
  /** Ends the worker; the hub stays. */
  close(): Promise<void>;
}

export async function startTestWorker(
  hub = new MemoryHub(),
  variables: Record<string, string> = {},
  catalog = new FileCatalog(),
): Promise<TestWorker> {
  const { signal } = new AbortController();
  const lines: LogLine[] = [];
  const host = new FakeHost();
  const loggers = new LoggerLevels('INFO', () => realEnv.clock.nowMs());
  const levelChanged = (logger: string, word: string): void => {
    const level = levelName(word);
    if (level !== null) loggers.set(logger, level);
  };
  const configs = await ConfigStore.open({ hub, env: realEnv, topic: 'configs', levelChanged }, signal);
  const statuses = await StatusStore.open({ hub, env: realEnv, topic: 'statuses', partitions: 1 }, signal);
  const sourceOffsets = new Map<string, SourceOffset[]>();
  const herder = new Herder({
    env: realEnv,
    log: memoryLog(lines),
    configs,
    statuses,
    host,
    catalog,
    providers: new ConfigProviders(realEnv, variables),
    workerId: '127.0.0.1:8083',
    worker: {},
    stopMs: 1000,
    offsets: {
      readSource: async (connector) => sourceOffsets.get(connector) ?? [],
      writeSource: async (connector, _config, changes) => applyChanges(sourceOffsets, connector, changes),
      readGroup: (group) => hub.groups.offsets(group),
      alterGroup: (group, offsets) => hub.groups.alter(group, offsets),
      partitions: async (topic) => (await hub.admin.describe(topic))?.partitions ?? 0,
    },
  });
  await herder.start();
  const close = async (): Promise<void> => {
    await herder.close();
    await configs.close();
    await statuses.close();
  };
  loggers.watch(() => herder.names());
  return { herder, host, hub, configs, statuses, catalog, lines, loggers, sourceOffsets, close };
}

function applyChanges(all: Map<string, SourceOffset[]>, connector: string, changes: readonly ConnectorOffset[]): void {
  let kept = all.get(connector) ?? [];
  for (const { partition, offset } of changes) {
    kept = kept.filter((one) => partitionIdentity(one.partition) !== partitionIdentity(partition));
    if (offset !== null) kept.push({ partition, offset });
  }
  all.set(connector, kept);
}

/** Lets everything under way settle until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (condition()) return;
    await realEnv.timers.yield();
  }
  throw new Error('the awaited state did not come');
}
