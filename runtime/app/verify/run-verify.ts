import type { RawConfig } from '../../connector/options.ts';
import type { SourceConnector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import { realEnv } from '../../env/real.ts';
import { openHubForReading } from '../../hub/embedded/open.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { ConfigProviders } from '../../settings/providers.ts';
import { readWorkerConfig, workerSettings, type WorkerSettings } from '../../settings/worker-settings.ts';
import { loadConnector } from '../catalog.ts';
import { readTopic } from './read-topic.ts';
import { verify, type VerifyReport } from './verify.ts';

export interface RunVerifyOptions {
  readonly name: string;
  readonly hubPath: string;
  /** The worker's configuration file, if it has one. */
  readonly workerConfig: string | undefined;
  readonly waitMs: number;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** Verifies a source connector of the hub in a directory, beside the worker that writes it. */
export async function runVerify(options: RunVerifyOptions): Promise<VerifyReport> {
  const { name, signal, hubPath, waitMs, log, progress } = options;
  const given = options.workerConfig === undefined ? {} : await readWorkerConfig(realEnv, options.workerConfig);
  const settings = workerSettings({ ...given, 'millrace.hub.path': hubPath });
  const hub = await openHubForReading({ path: hubPath, env: realEnv });
  try {
    const stored = await storedConfig(hub, settings, name, signal);
    const config = await new ConfigProviders(realEnv, options.variables).resolve(stored);
    const connector = await sourceConnector(name, config);
    const worker = settings.effective;
    return await verify({ hub, name, connector, config, worker, env: realEnv, log, signal, waitMs, progress });
  } finally {
    await hub.close();
  }
}

async function storedConfig(hub: Hub, settings: WorkerSettings, name: string, signal: AbortSignal): Promise<RawConfig> {
  const topic = settings.options['config.storage.topic'];
  const found = new Map<string, RawConfig>();
  await readTopic(hub, topic, signal, (record) => {
    const key = record.key()?.toString() ?? '';
    if (!key.startsWith('connector-')) return;
    const text = record.value()?.toString();
    if (text === undefined) found.delete(key);
    else found.set(key, (JSON.parse(text) as { properties: RawConfig }).properties);
  });
  const config = found.get(`connector-${name}`);
  if (config !== undefined) return config;
  const names = [...found.keys()].map((key) => key.slice('connector-'.length));
  throw new MillraceError('VERIFY_UNKNOWN_CONNECTOR', `the hub in this directory has no connector ${name}`, {
    kind: 'missing',
    remedy: names.length === 0 ? 'Give the directory of the hub with --hub.' : `It has: ${names.join(', ')}.`,
  });
}

async function sourceConnector(name: string, config: RawConfig): Promise<SourceConnector> {
  const connector = await loadConnector(config['connector.class'] ?? '');
  if (connector.kind === 'source') return connector;
  throw new MillraceError('VERIFY_NO_SOURCE', `connector ${name} is a sink`, {
    kind: 'config',
    remedy: 'Verify the source whose topics it reads.',
  });
}
