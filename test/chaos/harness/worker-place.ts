import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectorFiles } from '../../e2e/connector-files.ts';
import { WorkerProcess } from '../../e2e/worker-process.ts';

export interface WorkerPlace {
  /** Folder of the hub, the configurations and the log. */
  readonly folder: string;
  readonly worker?: Readonly<Record<string, string>>;
  readonly connectors: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Starts a worker of a place. `crashAt`: `name[:n]`, it kills itself at the n-th passage of that point. */
export function startWorker(place: WorkerPlace, crashAt?: string): WorkerProcess {
  const { folder, connectors } = place;
  const directory = join(folder, 'connectors');
  mkdirSync(directory, { recursive: true });
  connectorFiles(directory, connectors);
  const config = join(folder, 'worker.json');
  const options = { 'millrace.hub.path': hubPath(place), listeners: 'http://127.0.0.1:0', ...place.worker };
  writeFileSync(config, JSON.stringify(options));
  const env = { MILLRACE_CRASH_AT: crashAt ?? '' };
  return WorkerProcess.spawn([config, directory], process.cwd(), { env, logFile: logPath(place) });
}

export function hubPath(place: WorkerPlace): string {
  return join(place.folder, 'hub');
}

function logPath(place: WorkerPlace): string {
  return join(place.folder, 'worker.log');
}

/** The log's lines as objects; lines cut off by a kill are left out. */
export function logLines(place: WorkerPlace): Record<string, unknown>[] {
  const lines = readFileSync(logPath(place), 'utf8').split('\n');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
}
