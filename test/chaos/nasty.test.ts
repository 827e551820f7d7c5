import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorkerProcess } from '../e2e/worker-process.ts';
import { BEHAVIOURS } from '../nasty/behaviour.ts';
import { until } from '../until.ts';

const OFFERED_PER_SECOND = 20_000;
const CALL_MS = 4000;
const STALL_MS = 4000;
/** By when the task must show why it failed: stalls are looked for every second, a thread needs half a second to start. */
const DEADLINE_MS = 20_000;
const HEAP_MB = 64;
const EXTERNAL_MB = 256;
/** Memory may grow by what one nasty task may hold, what it adds between two looks, and what the allocator keeps. */
const GROWTH_MB = HEAP_MB + 4 * EXTERNAL_MB;
/** Task reports come every second: what is written may be known that late. */
const REPORT_MS = 1500;

const OPTIONS = {
  'plugin.path': fileURLToPath(new URL('../nasty', import.meta.url)),
  'millrace.task.threads': '2',
  'millrace.task.call.timeout.ms': String(CALL_MS),
  'millrace.task.stall.timeout.ms': String(STALL_MS),
  'millrace.task.thread.max.heap.mb': String(HEAP_MB),
  'millrace.task.thread.max.external.mb': String(EXTERNAL_MB),
  'task.shutdown.graceful.timeout.ms': '1500',
  'offset.flush.interval.ms': '100',
};

let folder: string;
let worker: WorkerProcess;
let startedMs: number;
let anonAtStart: number;
let anonPeak = 0;
let weighing: NodeJS.Timeout;
let slowestAnswerMs = 0;
let cases = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-nasty-'));
  const settings = Object.entries(OPTIONS).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  worker = await WorkerProcess.start(settings, folder);
  const neighbour = { 'connector.class': 'generator', topic: 'neighbour', throughput: String(OFFERED_PER_SECOND) };
  await put('neighbour', neighbour);
  await put('counter', { 'connector.class': 'blackhole', topics: 'neighbour' });
  await put('feed', { 'connector.class': 'generator', topic: 'feed', throughput: '50' });
  for (const name of ['neighbour', 'counter', 'feed']) await worker.running(name);
  await sleep(3000);
  startedMs = performance.now() - ((await written('neighbour')) / OFFERED_PER_SECOND) * 1000;
  anonAtStart = anonMb();
  weighing = setInterval(() => (anonPeak = Math.max(anonPeak, anonMb())), 50);
  void worker.ended.then(() => clearInterval(weighing));
});

afterAll(async () => {
  clearInterval(weighing);
  await worker.kill();
  await rm(folder, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
  const from = performance.now();
  const init = {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  };
  const answer = await fetch(`${worker.url}${path}`, init).catch((error: unknown) => {
    throw new Error(`${method} ${path} was not answered; the worker's last words: ${worker.log.slice(-2000)}`, {
      cause: error,
    });
  });
  const text = await answer.text();
  // What a change waits for (a task that has to be stopped) is no slowness of REST.
  if (method === 'GET') slowestAnswerMs = Math.max(slowestAnswerMs, performance.now() - from);
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
}

async function put(name: string, config: object): Promise<{ status: number; body: unknown }> {
  return ask('PUT', `/connectors/${name}/config`, config);
}

interface Status {
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[];
}

/** Nothing is known of a connector that was stored a moment ago. */
async function status(name: string): Promise<Status> {
  const { status: code, body } = await ask('GET', `/connectors/${name}/status`);
  return code === 200 ? (body as Status) : { connector: { state: 'UNASSIGNED' }, tasks: [] };
}

async function written(connector: string): Promise<number> {
  const { body } = await ask('GET', '/metrics');
  const line = new RegExp(
    `^millrace_(?:source_record_write|sink_record_send)_total\\{connector="${connector}",task="0"\\} (\\d+)`,
    'm',
  );
  return Number(line.exec(String(body))?.[1] ?? 0);
}

/** Memory of its own: the pages of the hub's files are the system's. */
function anonMb(): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Within five seconds everything offered so far has been written, and read by the sink. */
async function neighbourCaughtUp(): Promise<void> {
  const most = (OFFERED_PER_SECOND * REPORT_MS) / 1000;
  const deadline = performance.now() + 5000;
  for (;;) {
    const behind = offered() - (await written('neighbour'));
    const unread = (await written('neighbour')) - (await written('counter'));
    if (behind <= most && unread <= most) return;
    if (performance.now() > deadline) expect({ behind, unread }).toEqual({ behind: most, unread: most });
    await sleep(100);
  }
}

function offered(): number {
  return ((performance.now() - startedMs) / 1000) * OFFERED_PER_SECOND;
}

/** The true reason, as the task's trace has to show it. */
function reasonOf(behaviour: string, hook: string): string {
  const reasons: Record<string, string> = {
    hang: `TASK_CALL_TIMEOUT: MillraceError: ${hook}() did not settle within ${CALL_MS} ms`,
    throw: `nasty: thrown in ${hook}`,
    reject: `nasty: rejected in ${hook}`,
    'reject-undefined': `${hook}() was rejected with undefined`,
    'reject-null': `${hook}() was rejected with null`,
    'reject-text': `${hook}() was rejected with 'nasty text in ${hook}'`,
    'reject-circular': `${hook}() was rejected with <ref *1> { nasty: 'circular'`,
    block: 'the task blocked its thread for',
    'leak-heap': 'the task thread reached its memory limit',
    'leak-heap-slowly': 'the task thread reached its memory limit',
    'leak-buffers': 'MiB of buffers and was terminated',
    'leak-buffers-slowly': 'MiB of buffers and was terminated',
    exit: 'process.exit(7) was called in it',
    'timer-throw': `nasty: thrown in a timer of ${hook}`,
    'unhandled-rejection': `nasty: nobody caught this in ${hook}`,
  };
  return reasons[behaviour] ?? 'no such behaviour';
}

function config(kind: string, hook: string, behaviour: string): object {
  const more = kind === 'sink' ? { topics: 'feed' } : {};
  return { 'connector.class': `nasty-${kind}`, [`behaviour.${hook}`]: behaviour, ...more };
}

/** Waits for a state within the deadline; says the end of the worker's log where it does not come. */
const becomes = (what: string, holds: () => Promise<boolean>): Promise<void> =>
  until(holds, DEADLINE_MS, () => `${what}: ${worker.log.slice(-2000)}`);

async function remove(name: string): Promise<void> {
  expect((await ask('DELETE', `/connectors/${name}`)).status).toBe(204);
  await becomes('removed', async () => (await ask('GET', `/connectors/${name}/status`)).status === 404);
}

/** It fails with the reason within the deadline; or, where the hook comes only at the end, ends all the same. */
async function suffer(kind: string, hook: string, behaviour: string): Promise<void> {
  const name = `nasty-${cases++}`;
  expect((await put(name, config(kind, hook, behaviour))).status).toBe(201);
  const isAtEnd = hook === 'close' || hook === 'revoke';
  const waits = hook === 'read' && behaviour === 'hang';
  if (isAtEnd || waits) {
    await becomes('running', async () => (await status(name)).tasks[0]?.state === 'RUNNING');
    if (waits) await sleep(CALL_MS + 1000);
  } else {
    await becomes('failed', async () => (await status(name)).tasks[0]?.state === 'FAILED');
    expect((await status(name)).tasks[0]?.trace).toContain(reasonOf(behaviour, hook));
  }
  await remove(name);
  await neighbourCaughtUp();
}

describe.each([
  ['source', ['open', 'read', 'committed', 'close']],
  ['sink', ['open', 'assign', 'write', 'flush', 'revoke', 'close']],
])('a nasty %s harms nobody but itself', (kind, hooks) => {
  test.each(hooks.flatMap((hook) => BEHAVIOURS.map((behaviour) => [hook, behaviour] as const)))(
    '%s: %s',
    (hook, behaviour) => suffer(kind, hook, behaviour),
    60_000,
  );
});

describe('a nasty source harms nobody before it has a task', () => {
  test.each(['throw', 'reject-undefined', 'exit', 'timer-throw', 'leak-buffers'])('plan: %s', async (behaviour) => {
    const name = `nasty-${cases++}`;
    expect((await put(name, config('source', 'plan', behaviour))).status).toBe(201);
    await becomes('failed', async () => (await status(name)).connector.state === 'FAILED');
    await remove(name);
    await neighbourCaughtUp();
  });

  test.each(['throw', 'exit', 'leak-heap', 'leak-buffers'])(
    'validate: %s is an answer of 400 or 500, and nothing is stored',
    async (behaviour) => {
      const name = `nasty-${cases++}`;
      const answer = await put(name, config('source', 'validate', behaviour));
      expect([400, 500]).toContain(answer.status);
      expect((await ask('GET', `/connectors/${name}`)).status).toBe(404);
      await neighbourCaughtUp();
    },
  );

  test('a connector that cannot be made fails its task', async () => {
    const name = `nasty-${cases++}`;
    await put(name, config('source', 'create', 'throw'));
    await becomes('failed', async () => (await status(name)).tasks[0]?.state === 'FAILED');
    expect((await status(name)).tasks[0]?.trace).toContain('nasty: thrown in create');
    await remove(name);
  });
});

describe('after all of it', () => {
  test('the neighbour has kept at least 90 % of what it was offered, and its sink has it all', async () => {
    await neighbourCaughtUp();
    expect((await written('neighbour')) / offered()).toBeGreaterThan(0.9);
    for (const name of ['neighbour', 'counter', 'feed']) {
      expect((await status(name)).tasks).toMatchObject([{ state: 'RUNNING' }]);
    }
    expect(worker.log).not.toMatch(/"thread_restarts_total"/);
  });

  test('REST has answered all the time', () => {
    console.log(`slowest answer ${Math.round(slowestAnswerMs)} ms in ${cases} cases`);
    expect(slowestAnswerMs).toBeLessThan(1000);
  });

  test('memory has stayed bounded, and was given back', () => {
    const [before, most, now] = [anonAtStart, anonPeak, anonMb()].map(Math.round);
    console.log(`RssAnon ${before} MB at start, at most ${most}, ${now} now`);
    expect(anonPeak).toBeLessThan(anonAtStart + GROWTH_MB);
    // The allocator keeps some of what the ended threads had.
    expect(now).toBeLessThan(anonAtStart + 400);
  });
});
