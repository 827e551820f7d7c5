import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DeadLetterInfo, DeadLetterList, RedriveJobInfo } from '../rest/api.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';
import { collect, usage, wholeNumber } from './flags.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { segment, type RestClient } from './rest-client.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
}

interface Filters extends Flags {
  readonly error?: string;
  readonly key?: string;
  readonly from?: string;
  readonly to?: string;
}

const WAIT_MS = 300;

/** `millrace deadletters …` */
export function defineDeadLetters(command: Command, io: CliIo): void {
  command.description('Records that could not be processed, and their way back (docs/deadletters.md).').addHelpText(
    'after',
    `
Examples:
  millrace deadletters list archive --error S3_ --limit 20
  millrace deadletters show archive 0/17 --stack
  millrace deadletters redrive archive --all`,
  );
  defineList(command, io);
  defineShow(command, io);
  defineOrder(command, io, 'redrive', 'process them again, through the connector as it is now');
  defineOrder(command, io, 'discard', 'give them up: they hold nothing back any more');
  defineJobs(command, io);
}

function sub(command: Command, usageText: string, summary: string, example: string): Command {
  return withWorker(command.command(usageText).exitOverride())
    .description(summary)
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n  millrace deadletters ${example}`);
}

function filtered(command: Command): Command {
  return command
    .option('--error <text>', 'part of the error’s code or message, or a stage such as TASK_PUT')
    .option('--key <key>', 'the key as it is shown')
    .option('--from <time>', 'failed from here on, such as 2026-01-31T12:00:00Z')
    .option('--to <time>', 'failed before');
}

function defineList(command: Command, io: CliIo): void {
  filtered(
    sub(command, 'list <connector>', 'list a connector’s dead letters', 'list archive --error SCHEMA --limit 20'),
  )
    .option('--limit <number>', 'most of them', '100')
    .option('--all', 'those that are done, too')
    .action(async (connector: string, flags: Filters & { readonly limit: string; readonly all?: boolean }) => {
      const client = await workerOf(flags, io);
      const query = new URLSearchParams({ ...filterOf(flags), limit: String(wholeNumber('--limit', flags.limit, 1)) });
      if (flags.all === true) query.set('all', 'true');
      const found = await client.request<DeadLetterList>('GET', `${path(connector)}?${query.toString()}`);
      if (flags.json === true) io.out(json(found));
      else printList(io, found);
    });
}

function printList(io: CliIo, { topic, deadletters, more }: DeadLetterList): void {
  if (deadletters.length === 0) {
    io.out(`none in ${topic}`);
    return;
  }
  const rows = deadletters.map(({ partition, offset, failed, state, stage, code, key, message }) => [
    `${partition}/${offset}`,
    failed ?? '',
    state,
    stage,
    code,
    typeof key === 'string' ? key : json(key),
    (message.split('\n')[0] ?? '').slice(0, 100),
  ]);
  table(io, ['PLACE', 'FAILED', 'STATE', 'STAGE', 'CODE', 'KEY', 'MESSAGE'], rows);
  if (more) io.out(paint(io, 'dim', 'there are more: --limit, or narrow the search'));
}

function defineShow(command: Command, io: CliIo): void {
  sub(command, 'show <connector> <place>', 'show one: its record, and what went wrong', 'show archive 0/17 --stack')
    .option('--topic <topic>', 'its topic (default: the connector’s)')
    .option('--stack', 'with the stack')
    .action(async (connector: string, place: string, flags: Flags & { topic?: string; stack?: boolean }) => {
      const client = await workerOf(flags, io);
      const topic = flags.topic ?? (await client.request<DeadLetterList>('GET', `${path(connector)}?limit=1`)).topic;
      const { partition, offset } = placeOf(place);
      const query = flags.stack === true ? '?stack=true' : '';
      const where = `${path(connector)}/${segment(topic)}/${partition}/${offset}${query}`;
      const letter = await client.request<DeadLetterInfo>('GET', where);
      if (flags.json === true) io.out(json(letter));
      else printOne(io, letter);
    });
}

function printOne(io: CliIo, letter: DeadLetterInfo): void {
  const { origin, source, stack, note } = letter;
  const line = (name: string, text: string): void => io.out(`${paint(io, 'dim', name.padEnd(9))} ${text}`);
  line('error', `${letter.code}: ${letter.message}`);
  line('stage', `${letter.stage} in ${letter.class}`);
  line('failed', `${letter.failed ?? 'at an unknown time'} in task ${letter.task}`);
  line('state', note === undefined ? letter.state : `${letter.state} (${note})`);
  if (letter.redrives > 0) line('redrives', String(letter.redrives));
  if (origin.topic !== undefined) line('topic', origin.topic);
  if (origin.offset !== undefined) line('offset', `${origin.partition}/${origin.offset}`);
  if (source !== undefined) line('source', json(source));
  line('key', json(letter.key));
  line('value', json(letter.value));
  for (const { key, value } of letter.headers) line('header', `${key}: ${json(value)}`);
  if (stack !== undefined) io.out(stack);
}

function defineOrder(command: Command, io: CliIo, action: 'redrive' | 'discard', summary: string): void {
  const ordered = filtered(sub(command, `${action} <connector> [places...]`, summary, `${action} archive 0/17 0/18`))
    .option('--all', 'all that are open')
    .option('--no-wait', 'do not wait for the end');
  if (action === 'redrive') ordered.option('--force', 'write those too whose key was delivered newer');
  ordered.action(
    async (
      connector: string,
      places: readonly string[],
      flags: Filters & { readonly all?: boolean; readonly wait: boolean; readonly force?: boolean },
    ) => {
      const filter = filterOf(flags);
      if (places.length === 0 && Object.keys(filter).length === 0 && flags.all !== true)
        throw usage('name places (partition/offset), a filter, or --all', '--all');
      const client = await workerOf(flags, io);
      const only = places.length === 0 ? {} : { only: places.map(placeOf) };
      const body = { ...filter, ...only, ...(flags.force === true ? { force: true } : {}) };
      const job = await client.request<RedriveJobInfo>('POST', `${path(connector)}/${action}`, body);
      const end = flags.wait ? await waitFor(client, connector, job, io) : job;
      if (flags.json === true) io.out(json(end));
      else printJob(io, end);
      if (flags.wait && (end.state !== 'done' || (end.outcomes['failed'] ?? 0) > 0)) io.exit(EXIT.failure.code);
    },
  );
}

async function waitFor(client: RestClient, connector: string, job: RedriveJobInfo, io: CliIo): Promise<RedriveJobInfo> {
  let now = job;
  while (now.state === 'open' && !io.signal.aborted) {
    await sleep(WAIT_MS, undefined, { signal: io.signal }).catch(() => undefined);
    now = await client.request<RedriveJobInfo>('GET', `${path(connector)}/jobs/${segment(job.id)}`);
  }
  return now;
}

function defineJobs(command: Command, io: CliIo): void {
  sub(command, 'jobs <connector>', 'list redrives, and how far they are', 'jobs archive')
    .option('--cancel <id>', 'cancel one; what is done stays done', collect, [])
    .action(async (connector: string, flags: Flags & { readonly cancel: readonly string[] }) => {
      const client = await workerOf(flags, io);
      for (const id of flags.cancel) await client.request('DELETE', `${path(connector)}/jobs/${segment(id)}`);
      const jobs = await client.request<RedriveJobInfo[]>('GET', `${path(connector)}/jobs`);
      if (flags.json === true) io.out(json(jobs));
      else for (const job of jobs) printJob(io, job);
    });
}

function printJob(io: CliIo, { id, action, state, total, outcomes, problem }: RedriveJobInfo): void {
  const parts = Object.entries(outcomes).map(([name, count]) => `${count} ${name}`);
  io.out(`${action} ${id} is ${state}: ${total} meant${parts.length === 0 ? '' : `, ${parts.join(', ')}`}`);
  if (problem !== undefined) io.out(`  ${problem}`);
}

function path(connector: string): string {
  return `/connectors/${segment(connector)}/deadletters`;
}

function filterOf({ error, key, from, to }: Filters): Record<string, string> {
  const given = Object.entries({ error, key, from, to });
  return Object.fromEntries(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** `partition/offset` */
function placeOf(text: string): { partition: number; offset: string } {
  const [, partition, offset] = /^(\d{1,9})\/(\d{1,18})$/.exec(text) ?? [];
  if (partition === undefined || offset === undefined) throw usage(`${text}: partition/offset is needed`, 'place');
  return { partition: Number(partition), offset };
}
