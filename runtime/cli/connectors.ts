import type { Command } from 'commander';
import type {
  ConnectorCheck,
  ConnectorHealth,
  ConnectorInfo,
  ConnectorProgress,
  ConnectorStateInfo,
} from '../rest/api.ts';
import { MillraceError } from '../record/error.ts';
import { printCheck } from './check-report.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { defineInspect } from './connectors-inspect.ts';
import { EXIT } from './exit-codes.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { segment, type RestClient } from './rest-client.ts';
import { defineRewind } from './rewind.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
}

interface Listed {
  readonly status?: ConnectorStateInfo;
  readonly info?: ConnectorInfo;
  readonly health?: ConnectorHealth;
}

/** `millrace connectors …` */
export function defineConnectors(command: Command, io: CliIo): void {
  command.description('Lists and controls the connectors of a worker, over its REST API.').addHelpText(
    'after',
    `
Examples:
  millrace connectors list
  millrace connectors status shop
  millrace connectors restart shop --tasks --only-failed
  millrace connectors delete shop --destroy`,
  );
  defineList(command, io);
  defineStatus(command, io);
  defineCheck(command, io);
  defineControl(command, io, 'pause', 'pause the tasks; they keep their connections');
  defineControl(command, io, 'resume', 'let paused or stopped tasks run');
  defineControl(command, io, 'stop', 'stop the tasks; offsets are kept');
  defineRestart(command, io);
  defineInspect(command, io, sub);
  defineRewind(command, io, sub);
  defineDelete(command, io);
}

function sub(command: Command, name: string, summary: string, example: string): Command {
  return withWorker(command.command(name).description(summary))
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n  millrace connectors ${example}`)
    .exitOverride();
}

function defineList(command: Command, io: CliIo): void {
  sub(command, 'list', 'list connectors, their states, and whether they make progress', 'list').action(
    async (flags: Flags) => {
      const client = await workerOf(flags, io);
      const path = '/connectors?expand=status&expand=info&expand=health';
      const all = await client.request<Readonly<Record<string, Listed>>>('GET', path);
      if (flags.json === true) {
        io.out(json(all));
        return;
      }
      const ended = await endedTasks(client, all);
      const rows = Object.entries(all).map(([name, { status, info, health }]) => [
        name,
        info?.type ?? '',
        connectorState(status, ended.get(name)),
        health === undefined ? '' : healthText(health),
        taskCounts(status, ended.get(name)),
        info?.config['connector.class'] ?? '',
      ]);
      table(io, ['NAME', 'TYPE', 'STATE', 'HEALTH', 'TASKS', 'CLASS'], rows);
    },
  );
}

/** `healthy`, `idle`, `throttled`, `STALLED at writing for 3 min`. */
function healthText({ status, tasks }: ConnectorHealth): string {
  const stalled = tasks.find((task) => task.stalled !== undefined)?.stalled;
  if (stalled !== undefined) return `STALLED at ${stalled.stage} for ${sinceText(stalled.since_ms)}`;
  if (status !== 'healthy' || tasks.length === 0) return status;
  if (tasks.some(({ standing }) => standing === 'THROTTLED')) return 'throttled';
  return tasks.every(({ standing }) => standing === 'IDLE') ? 'idle' : status;
}

function sinceText(sinceMs: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - sinceMs) / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

/** Tasks that came to their end, by connector: Kafka Connect's states call them STOPPED, as if somebody had stopped them. */
async function endedTasks(
  client: RestClient,
  all: Readonly<Record<string, Listed>>,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const resting = Object.entries(all).filter(
    ([, { status }]) => status?.connector.state === 'RUNNING' && status.tasks.some(({ state }) => state === 'STOPPED'),
  );
  const asked = resting.map(async ([name]): Promise<[string, ReadonlySet<number>]> => {
    const path = `/connectors/${segment(name)}/progress`;
    const { tasks } = await client.request<ConnectorProgress>('GET', path);
    return [name, new Set(tasks.filter(({ state }) => state === 'ENDED').map(({ id }) => id))];
  });
  return new Map(await Promise.all(asked));
}

/** ENDED where all its tasks are. */
function connectorState(status: ConnectorStateInfo | undefined, ended: ReadonlySet<number> = new Set()): string {
  const isEnded = ended.size > 0 && status?.tasks.every(({ id }) => ended.has(id)) === true;
  return isEnded ? 'ENDED' : (status?.connector.state ?? 'UNASSIGNED');
}

/** `2 RUNNING, 1 FAILED` */
function taskCounts(status: ConnectorStateInfo | undefined, ended: ReadonlySet<number> = new Set()): string {
  const counts = Map.groupBy(status?.tasks ?? [], ({ id, state }) => (ended.has(id) ? 'ENDED' : state));
  return [...counts].map(([state, tasks]) => `${tasks.length} ${state}`).join(', ') || '0';
}

function defineStatus(command: Command, io: CliIo): void {
  sub(command, 'status [name]', 'show states, stages and lag; of all connectors without a name', 'status shop').action(
    async (name: string | undefined, flags: Flags) => {
      const client = await workerOf(flags, io);
      const names = name === undefined ? await client.request<string[]>('GET', '/connectors') : [name];
      const shown = await Promise.all(names.map((one) => describe(client, one)));
      if (flags.json === true) io.out(json(name === undefined ? shown : shown[0]));
      else for (const one of shown) printStatus(io, one);
      if (shown.some(({ status }) => isFailed(status))) io.exit(EXIT.failure.code);
    },
  );
}

interface Described {
  readonly status: ConnectorStateInfo;
  readonly progress: ConnectorProgress;
}

async function describe(client: RestClient, name: string): Promise<Described> {
  const [status, progress] = await Promise.all([
    client.request<ConnectorStateInfo>('GET', `/connectors/${segment(name)}/status`),
    client.request<ConnectorProgress>('GET', `/connectors/${segment(name)}/progress`),
  ]);
  return { status, progress };
}

function isFailed({ connector, tasks }: ConnectorStateInfo): boolean {
  return connector.state === 'FAILED' || tasks.some(({ state }) => state === 'FAILED');
}

function printStatus(io: CliIo, { status, progress }: Described): void {
  io.out(`${paint(io, 'bold', status.name)} (${status.type}) ${stateText(io, status.connector.state)}`);
  if (status.connector.trace !== undefined) io.out(indent(withoutStack(status.connector.trace)));
  for (const task of status.tasks) {
    const at = progress.tasks.find(({ id }) => id === task.id);
    const stage = at === undefined ? '' : ` ${at.stage}${standingText(at)}`;
    io.out(`  task ${task.id} ${stateText(io, at?.state === 'ENDED' ? at.state : task.state)}${stage}`);
    if (at !== undefined) printProgress(io, at);
    if (task.trace !== undefined) io.out(indent(withoutStack(task.trace)));
  }
}

/** ` (idle: the server has sent everything up to 0/15D6A28)` */
function standingText({ standing, at, idle, stalled }: ConnectorProgress['tasks'][number]): string {
  if (stalled !== undefined) return ` (STALLED at ${stalled.stage} for ${sinceText(stalled.since_ms)})`;
  if (idle !== undefined && standing === 'IDLE') return ` (idle: ${idle})`;
  return at === undefined || standing === undefined ? '' : ` (${at})`;
}

function printProgress(io: CliIo, at: ConnectorProgress['tasks'][number]): void {
  io.out(`    ${at.records} records, ${Math.round(at.records_per_second)}/s, ${at.queued_bytes} bytes queued`);
  io.out(paint(io, 'dim', `    last progress ${new Date(at.progress_ms).toISOString()}`));
  const known = [...Object.entries(at.gauges), ...Object.entries(at.info).filter(([key]) => key !== 'topics')].map(
    ([key, value]) => `${key}=${value}`,
  );
  if (known.length > 0) io.out(paint(io, 'dim', `    ${known.join(' ')}`));
  for (const [code, text] of Object.entries(at.warnings)) io.out(`    ${paint(io, 'yellow', code)} ${text}`);
}

function stateText(io: CliIo, state: string): string {
  return paint(io, state === 'RUNNING' ? 'green' : state === 'FAILED' ? 'red' : 'yellow', state);
}

/** A trace's messages, causes and remedies; where in the code it was is in `--json`. */
export function withoutStack(trace: string): string {
  return trace
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}

function defineCheck(command: Command, io: CliIo): void {
  sub(command, 'check <names...>', 'look upstream for what keeps a connector from working', 'check shop').action(
    async (names: readonly string[], flags: Flags) => {
      const client = await workerOf(flags, io);
      const checks: ConnectorCheck[] = [];
      for (const name of names) checks.push(await client.request('GET', `/connectors/${segment(name)}/check`));
      if (flags.json === true) io.out(json(checks));
      else for (const check of checks) printCheck(io, check);
      if (checks.some(({ ok }) => !ok)) io.exit(EXIT.failure.code);
    },
  );
}

function defineControl(command: Command, io: CliIo, action: 'pause' | 'resume' | 'stop', summary: string): void {
  sub(command, `${action} <names...>`, summary, `${action} shop`).action(
    async (names: readonly string[], flags: Flags) => {
      const client = await workerOf(flags, io);
      await each(io, flags, names, action, (name) => client.request('PUT', `/connectors/${segment(name)}/${action}`));
    },
  );
}

function defineRestart(command: Command, io: CliIo): void {
  sub(
    command,
    'restart <names...>',
    'restart a connector, its tasks, or one task',
    'restart shop --tasks --only-failed',
  )
    .option('--tasks', 'its tasks too')
    .option('--only-failed', 'only what has failed')
    .option('--task <number>', 'only this task')
    .action(
      async (names: readonly string[], flags: Flags & { tasks?: boolean; onlyFailed?: boolean; task?: string }) => {
        const client = await workerOf(flags, io);
        await each(io, flags, names, 'restart', async (name) => {
          const query = `?includeTasks=${flags.tasks === true}&onlyFailed=${flags.onlyFailed === true}`;
          const path = flags.task === undefined ? `/restart${query}` : `/tasks/${segment(flags.task)}/restart`;
          await client.request('POST', `/connectors/${segment(name)}${path}`);
        });
      },
    );
}

function defineDelete(command: Command, io: CliIo): void {
  sub(command, 'delete <names...>', 'delete connectors; their offsets stay', 'delete shop --destroy')
    .option('--destroy', 'first remove what they left outside, such as replication slots')
    .action(async (names: readonly string[], flags: Flags & { destroy?: boolean }) => {
      const client = await workerOf(flags, io);
      const query = flags.destroy === true ? '?destroy=true' : '';
      const way = flags.destroy === true ? DESTROY_REMEDY : undefined;
      const deleted = (name: string) => client.request('DELETE', `/connectors/${segment(name)}${query}`);
      await each(io, flags, names, 'delete', deleted, way);
    });
}

const DESTROY_REMEDY =
  'Mend that and give the command again, or delete it without --destroy: what it left outside then stays there.';

const DONE = { pause: 'paused', resume: 'resumed', stop: 'stopped', restart: 'restarted', delete: 'deleted' } as const;

/** One after the other, each told as it is done; the first that fails ends it and is named. */
async function each(
  io: CliIo,
  flags: Flags,
  names: readonly string[],
  action: keyof typeof DONE,
  act: (name: string) => Promise<unknown>,
  way?: string,
): Promise<void> {
  const done: string[] = [];
  try {
    for (const name of names) {
      await act(name).catch((error: unknown) => {
        throw failedAt(error, name, action, way);
      });
      done.push(name);
      if (flags.json !== true) io.out(`${DONE[action]} ${name}`);
    }
  } finally {
    if (flags.json === true) io.out(json(done.map((name) => ({ name, action }))));
  }
}

function failedAt(error: unknown, name: string, action: string, way: string | undefined): unknown {
  if (!(error instanceof MillraceError)) return error;
  if (error.code === 'CLI_UNREACHABLE' || error.code === 'CONNECTOR_NOT_FOUND') return error;
  const message = `${action} ${name}: ${error.message}`;
  const remedy = [error.remedy, way].filter((text) => text !== undefined).join(' ');
  return new MillraceError(error.code, message, {
    kind: error.kind,
    ...(error.key === undefined ? {} : { key: error.key }),
    ...(remedy === '' ? {} : { remedy }),
    cause: error.cause,
  });
}
