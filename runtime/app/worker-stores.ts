import { realEnv } from '../env/real.ts';
import type { EmbeddedHub } from '../hub/embedded/client/embedded-hub.ts';
import type { LineLog } from '../observe/logger.ts';
import { levelName, type LoggerLevels } from '../observe/logger-levels.ts';
import type { SecretVault } from '../settings/secret-vault.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { ConfigStore } from '../store/configs.ts';
import { StatusStore } from '../store/statuses.ts';
import type { Cleanup } from './cleanup.ts';

interface StoreParts {
  readonly settings: WorkerSettings;
  readonly log: LineLog;
  readonly vault: SecretVault | undefined;
  readonly loggers: LoggerLevels;
  readonly hub: EmbeddedHub;
  /** Called when what is stored can no longer be followed. */
  readonly failed: (error: Error) => void;
}

/** What is stored of connectors and their states, as it was when the worker ended. Read whole before it returns. */
export async function openStores(
  { settings, log, vault, loggers, hub, failed }: StoreParts,
  cleanup: Cleanup,
): Promise<[ConfigStore, StatusStore]> {
  const { options } = settings;
  const { signal } = new AbortController();
  const unreadable =
    (topic: string) =>
    (key: string, error: Error): void => {
      log.warn('a record of an internal topic cannot be read and is left out', { topic, key, error: error.message });
    };
  const configTopic = options['config.storage.topic'];
  const statusTopic = options['status.storage.topic'];
  const partitions = options['status.storage.partitions'];
  const shared = { hub, env: realEnv, failed };
  const levelChanged = (logger: string, word: string): void => {
    const level = levelName(word);
    if (level !== null) loggers.set(logger, level);
  };
  const [configs, statuses] = await Promise.all([
    ConfigStore.open(
      {
        ...shared,
        topic: configTopic,
        unreadable: unreadable(configTopic),
        levelChanged,
        ...(vault === undefined ? {} : { vault }),
      },
      signal,
    ),
    StatusStore.open({ ...shared, topic: statusTopic, partitions, unreadable: unreadable(statusTopic) }, signal),
  ]);
  cleanup.add(configs, (one) => one.close());
  cleanup.add(statuses, (one) => one.close());
  return [configs, statuses];
}
