import type { Command } from 'commander';
import { readConnectorFiles, type ConnectorFile } from '../app/connector-files.ts';
import { MillraceError } from '../record/error.ts';
import type { Applied, ConfigInfos, ConnectorCheck, ConnectorInfo, Plan } from '../rest/api.ts';
import { planStatus, printPlan } from './apply-plan.ts';
import { printCheck } from './check-report.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { EXIT } from './exit-codes.ts';
import { usage, wholeNumber } from './flags.ts';
import { withWorker, workerOf, type PlaceFlags } from './place.ts';
import { segment, type RestClient } from './rest-client.ts';

interface ApplyFlags extends PlaceFlags {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly check?: boolean;
  readonly plan?: boolean;
  readonly sample: string;
  readonly hash?: string;
  readonly prune?: boolean;
  readonly yes?: boolean;
}

/** `millrace apply FILE|DIR …` */
export function defineApply(command: Command, io: CliIo): void {
  withWorker(command.argument('<files...>', 'connector files (JSON or .properties), or directories of them'))
    .option('--dry-run', 'validate only')
    .option('--check', 'look upstream first: apply nothing where a server or a privilege is missing')
    .option('--plan', 'show what would change, and what real records would become; change nothing')
    .option('--sample <number>', 'with --plan: records to look at, of a sink per topic; 0: none', '100')
    .option('--hash <hash>', 'apply exactly the plan of this hash; refused where anything has changed since')
    .option('--prune', 'also delete connectors of the worker that are not in the files')
    .option('--yes', 'prune without asking')
    .option('--json', 'print JSON')
    .description('Creates or updates connectors. All are validated first: if one is wrong, none is touched.')
    .addHelpText(
      'after',
      `
A file holds {"name": …, "config": {…}}, or the configuration alone; then the name is its key "name" or the file's name.

Examples:
  millrace apply shop.json
  millrace apply connectors/ --plan
  millrace apply connectors/ --hash 5f2c…              # of that plan
  millrace apply connectors/ --plan --prune --json
  millrace apply connectors/ --url http://10.0.0.5:8083`,
    )
    .action(async (paths: readonly string[], flags: ApplyFlags) => {
      const files = await readConnectorFiles(paths);
      const client = await workerOf(flags, io);
      if (flags.plan === true) await showPlan(client, files, io, flags);
      else if (flags.hash !== undefined || flags.prune === true) await applyPlan(client, files, io, flags);
      else await applyAll(client, files, io, flags);
    });
}

/** Everything a plan and its application are asked with, but for the hash. */
function asked(files: readonly ConnectorFile[], flags: ApplyFlags) {
  return { connectors: files.map(({ name, config }) => ({ name, config })), prune: flags.prune === true };
}

async function showPlan(
  client: RestClient,
  files: readonly ConnectorFile[],
  io: CliIo,
  flags: ApplyFlags,
): Promise<void> {
  if (flags.hash !== undefined) throw usage('--plan shows, --hash applies: give one of them', '--hash');
  const sample = wholeNumber('--sample', flags.sample, 0);
  const plan = await client.request<Plan>('POST', '/plan', { ...asked(files, flags), sample });
  if (flags.json === true) io.out(json(plan));
  else printPlan(io, plan);
  io.exit(planStatus(plan).code);
}

async function applyPlan(
  client: RestClient,
  files: readonly ConnectorFile[],
  io: CliIo,
  flags: ApplyFlags,
): Promise<void> {
  if (flags.dryRun === true) throw usage('--dry-run goes with neither --hash nor --prune: use --plan', '--dry-run');
  const hash = flags.hash ?? (await confirmedHash(client, files, io, flags));
  if (hash === null) return;
  const { applied } = await client.request<Applied>('POST', '/apply', { ...asked(files, flags), hash });
  for (const result of applied) said(io, flags, result);
  if (flags.json === true) io.out(json(applied));
}

/** The hash of a plan made now, once what it deletes was agreed to; null: it was not. */
async function confirmedHash(
  client: RestClient,
  files: readonly ConnectorFile[],
  io: CliIo,
  flags: ApplyFlags,
): Promise<string | null> {
  await validateAll(client, files);
  if (flags.check === true && !(await checkAll(client, files, io, flags))) return null;
  const plan = await client.request<Plan>('POST', '/plan', { ...asked(files, flags), sample: 0, check: false });
  const gone = plan.connectors.filter(({ action }) => action === 'delete').map(({ name }) => name);
  if (gone.length > 0 && flags.yes !== true) {
    const answer = (await io.confirm?.(`Delete ${gone.join(', ')}?`)) ?? null;
    if (answer === null) throw unconfirmed(gone);
    if (!answer) {
      io.err('nothing was applied');
      io.exit(EXIT.failure.code);
      return null;
    }
  }
  return plan.hash;
}

function unconfirmed(gone: readonly string[]): MillraceError {
  return new MillraceError('CLI_UNCONFIRMED', `this would delete ${gone.join(', ')}; nothing was applied`, {
    kind: 'config',
    key: '--prune',
    remedy: 'Look at it with --plan, then apply with --hash, or say --yes.',
  });
}

async function applyAll(
  client: RestClient,
  files: readonly ConnectorFile[],
  io: CliIo,
  flags: ApplyFlags,
): Promise<void> {
  await validateAll(client, files);
  if (flags.check === true && !(await checkAll(client, files, io, flags))) return;
  if (flags.dryRun === true) {
    const results = files.map(({ name }) => ({ name, result: 'valid' }));
    for (const result of results) said(io, flags, result);
    if (flags.json === true) io.out(json(results));
    return;
  }
  const known = new Set(await client.request<string[]>('GET', '/connectors'));
  const results: Result[] = [];
  try {
    for (const { name, config } of files) {
      await client.request<ConnectorInfo>('PUT', `/connectors/${segment(name)}/config`, config);
      const applied = { name, result: known.has(name) ? 'updated' : 'created' };
      results.push(applied);
      said(io, flags, applied);
    }
  } finally {
    // What was done before an error is told too.
    if (flags.json === true) io.out(json(results));
  }
}

/** Whether nothing fatal was found; prints what was. */
async function checkAll(
  client: RestClient,
  files: readonly ConnectorFile[],
  io: CliIo,
  flags: ApplyFlags,
): Promise<boolean> {
  const checks: ConnectorCheck[] = [];
  for (const { name, config } of files) {
    checks.push(await client.request<ConnectorCheck>('PUT', `/connectors/${segment(name)}/check`, config));
  }
  const ok = checks.every((check) => check.ok);
  if (!ok && flags.json === true) io.out(json(checks));
  if (flags.json !== true) for (const check of checks) printCheck(io, check);
  if (ok) return true;
  io.err('nothing was applied: mend what failed, then apply again');
  io.exit(EXIT.failure.code);
  return false;
}

/** Throws with every error of every file. */
async function validateAll(client: RestClient, files: readonly ConnectorFile[]): Promise<void> {
  const problems = new Set<string>();
  const keys: string[] = [];
  const remedies = new Set<string>();
  for (const { name, config, path } of files) {
    const className = config['connector.class'] ?? '';
    const found = await validate(client, className, { ...config, name }).catch((error: unknown) => {
      if (!(error instanceof MillraceError && error.kind === 'config')) throw error;
      if (error.remedy !== undefined) remedies.add(error.remedy);
      return [{ key: error.key ?? 'connector.class', text: error.message }];
    });
    for (const { key, text } of found) {
      keys.push(key);
      problems.add(`${path}: ${text.includes(key) ? text : `${key}: ${text}`}`);
    }
  }
  const [key] = keys;
  if (key === undefined) return;
  throw new MillraceError('CONFIG_INVALID', `nothing was applied:\n${[...problems].join('\n')}`, {
    kind: 'config',
    key,
    remedy: [...remedies, 'Correct what is named and apply again.'].join(' '),
  });
}

interface Problem {
  readonly key: string;
  readonly text: string;
}

async function validate(client: RestClient, className: string, config: Record<string, string>): Promise<Problem[]> {
  if (className === '') {
    const text = 'Missing required configuration "connector.class" which has no default value.';
    return [{ key: 'connector.class', text }];
  }
  const path = `/connector-plugins/${segment(className)}/config/validate`;
  const { configs } = await client.request<ConfigInfos>('PUT', path, config);
  return configs.flatMap(({ value: { name: key, errors } }) => errors.map((text) => ({ key, text })));
}

interface Result {
  readonly name: string;
  readonly result: string;
}

/** A line for each as it is done; as JSON they come together. */
function said(io: CliIo, flags: ApplyFlags, { name, result }: Result): void {
  if (flags.json !== true) io.out(`${paint(io, 'green', result)} ${name}`);
}
