import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realEnv } from '../../../runtime/env/real.ts';
import type { RecordCursor } from '../../../runtime/hub/batch/record-cursor.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { records, wholeLog } from '../../../runtime/task/redrive/dead-letter-log.ts';
import { WorkerProcess } from '../../e2e/worker-process.ts';

type Json = Record<string, unknown>;

/** A folder in which one worker after the other runs, asked over REST to redrive dead letters. */
export class RedrivePlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-redrive-'));
  #worker: WorkerProcess | undefined;

  /** `crashAt`: `name[:n]`, it kills itself at the n-th passage of that point. */
  async start(crashAt = ''): Promise<WorkerProcess> {
    const args = ['--set', `millrace.hub.path=${this.#hub}`, '--set', 'offset.flush.interval.ms=50'];
    this.#worker = await WorkerProcess.start(args, this.folder, { MILLRACE_CRASH_AT: crashAt });
    return this.#worker;
  }

  async send(method: string, path: string, body?: object): Promise<Json> {
    const answer = await fetch(`${this.#worker?.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Json;
  }

  async deadLetters(connector: string, more = ''): Promise<readonly Json[]> {
    const { deadletters } = await this.send('GET', `/connectors/${connector}/deadletters?limit=10000${more}`);
    return deadletters as Json[];
  }

  /** Asks for a redrive; the id of its job. */
  async redrive(connector: string, body: object = {}): Promise<string> {
    const { id } = await this.send('POST', `/connectors/${connector}/deadletters/redrive`, body);
    return String(id);
  }

  /** A job once it is done. */
  async done(connector: string, id: string): Promise<Json> {
    const job = `/connectors/${connector}/deadletters/jobs/${id}`;
    await this.#worker?.until('redriven', async () => (await this.send('GET', job))['state'] === 'done');
    return this.send('GET', job);
  }

  /** Committed records of a topic; each is valid until the next. */
  async *records(topic: string): AsyncGenerator<RecordCursor> {
    const hub = await openHubForReading({ path: this.#hub, env: realEnv });
    try {
      for (const { partition, from, to } of await wholeLog(hub, topic)) {
        yield* records(hub, topic, partition, from, to, AbortSignal.timeout(10_000));
      }
    } finally {
      await hub.close();
    }
  }

  /** Kills the worker where it still runs, and removes the folder. */
  async close(): Promise<void> {
    if (this.#worker?.alive === true) await this.#worker.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #hub(): string {
    return join(this.folder, 'hub');
  }
}
