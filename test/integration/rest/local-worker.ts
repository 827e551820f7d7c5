import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorker, type Worker } from '../../../runtime/app/worker.ts';
import { workerSettings } from '../../../runtime/settings/worker-settings.ts';
import { memoryLog, type LogLine } from '../../unit/cluster/test-worker.ts';

/** A whole worker in this process: hub thread, stores, REST on a free port of the loopback. */
export interface LocalWorker {
  readonly worker: Worker;
  readonly url: string;
  readonly path: string;
  readonly lines: LogLine[];
  readonly failures: Error[];
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Ends the worker and leaves the hub's directory. */
  stop(): Promise<void>;
  /** Ends the worker and removes the directory. */
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly body: unknown;
}

export async function startLocalWorker(
  options: Readonly<Record<string, string>> = {},
  at?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<LocalWorker> {
  const path = at ?? (await mkdtemp(join(tmpdir(), 'millrace-worker-')));
  const lines: LogLine[] = [];
  const failures: Error[] = [];
  const worker = await startWorker({
    settings: workerSettings({
      'millrace.hub.path': join(path, 'hub'),
      listeners: 'http://127.0.0.1:0',
      ...options,
    }),
    log: memoryLog(lines),
    variables,
    failed: (error) => failures.push(error),
  });
  const url = worker.urls[0] ?? '';
  return {
    worker,
    url,
    path,
    lines,
    failures,
    request: (method, route, body) => request(`${url}${route}`, method, body),
    stop: () => worker.close(),
    close: async () => {
      await worker.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function request(url: string, method: string, body: unknown): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: isJson ? (JSON.parse(text) as unknown) : undefined,
  };
}
