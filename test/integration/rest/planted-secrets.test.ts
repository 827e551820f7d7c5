import { dropSlots } from '../../services/drop-slots.ts';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSecretKey, createToken } from '../../../runtime/app/access-files.ts';
import { WorkerProcess, millrace } from '../../e2e/worker-process.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { everyRecord } from './hub-records.ts';
import { PlantedSecrets } from './planted.ts';

let server: PostgresServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-planted-'));
  server = await startPostgres({ hba: ['host all app 127.0.0.1/32 scram-sha-256'] });
  await server.sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
  await server.sql("INSERT INTO orders SELECT n, 'note ' || n FROM generate_series(1, 20) n");
});

afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

/** All that a worker tells, by where. */
class Told {
  readonly #texts: [string, string][] = [];
  /** How many answers had which. */
  readonly statuses = new Map<number, number>();

  add(where: string, text: string): void {
    this.#texts.push([where, text]);
  }

  answered(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** Where secrets stand, shortly: none should. */
  leaks(secrets: PlantedSecrets): readonly string[] {
    return this.#texts.flatMap(([where, text]) => {
      const found = secrets.in(text);
      return found === null ? [] : [`${where}: …${found}…`];
    });
  }
}

interface Run {
  readonly worker: WorkerProcess;
  readonly secrets: PlantedSecrets;
  readonly told: Told;
  readonly admin: string;
}

async function ask({ worker, told, admin }: Run, method: string, path: string, body?: unknown, as = `Bearer ${admin}`) {
  const answer = await fetch(`${worker.url}${path}`, {
    method,
    headers: { authorization: as, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!path.endsWith('/health')) told.answered(answer.status);
  told.add(`${method} ${path}`, `${answer.status}\n${JSON.stringify([...answer.headers])}\n${text}`);
  return { status: answer.status, text };
}

function postgres(name: string, more: Record<string, string>): Record<string, string> {
  return {
    'connector.class': 'postgres',
    'database.hostname': server.host,
    'database.port': String(server.port),
    'database.user': 'app',
    'database.dbname': server.database,
    'topic.prefix': name,
    'slot.name': `slot_${name}`,
    'publication.name': `pub_${name}`,
    'table.include.list': 'public.orders',
    'errors.retry.delay.max.ms': '500',
    ...more,
  };
}

function archive(more: Record<string, string>): Record<string, string> {
  return { 'connector.class': 's3', topics: 'nothing', 's3.bucket.name': 'b', 'flush.size': '5', ...more };
}

/** Real connectors: some run, some fail with wrong passwords, some can not be started at all. */
async function plantInConnectors(run: Run, providers: string): Promise<void> {
  const { secrets } = run;
  const put = async (name: string, config: Record<string, string>): Promise<void> => {
    await ask(run, 'PUT', `/connectors/${name}/config`, config);
  };
  const right = secrets.take();
  await server.sql(`CREATE ROLE app LOGIN SUPERUSER REPLICATION PASSWORD '${right}'`);
  await writeFile(join(providers, 'right.properties'), `password=${right}\n`);
  await put('runs', postgres('runs', { 'database.password': `\${file:${providers}/right.properties:password}` }));
  await put('literal', postgres('literal', { 'database.password': right }));
  for (let index = 0; index < 4; index++) {
    const wrong = index % 2 === 0 ? secrets.take() : `\${file:${providers}/many.properties:key${index}}`;
    await put(`wrong${index}`, postgres(`wrong${index}`, { 'database.password': wrong }));
  }
  await put(
    'tls',
    postgres('tls', {
      'database.password': secrets.take(),
      'database.sslpassword': secrets.take(),
      'database.sslmode': 'require',
    }),
  );
  await put('unreachable', postgres('unreachable', { 'database.port': '1', 'database.password': secrets.take() }));
  await put(
    'host',
    postgres('host', { 'database.user': `\${dir:${providers}:secret1}`, 'database.password': secrets.take() }),
  );
  // What is no password is told by nobody either, nor a part of it.
  await put('file', { 'connector.class': 'FileStreamSource', file: '/nonexistent/${env:PLANTED_2}/x', topic: 'file' });
  await put('lines', {
    'connector.class': 'FileStreamSink',
    file: `/nonexistent/\${dir:${providers}:secret2}`,
    topics: 'x',
  });
  await put('place', postgres('place', { 'database.hostname': '${env:PLANTED_3}', 'database.password': 'x' }));
  await put(
    'store',
    archive({
      'store.url': `http://me:${secrets.take()}@127.0.0.1:1`,
      'aws.access.key.id': 'AKIA',
      'aws.secret.access.key': secrets.take(),
    }),
  );
  await put(
    'store2',
    archive({
      'store.url': 'http://127.0.0.1:1',
      'aws.access.key.id': 'AKIA',
      'aws.secret.access.key': '${env:PLANTED_1}',
    }),
  );
}

/** Configurations that are refused, each another way, with secrets in every place that secrets are put. */
async function plantInRefusals(run: Run, providers: string): Promise<void> {
  const { secrets } = run;
  const lists = Array.from({ length: 30 }, (_, index) => `list${index}=${secrets.take()}, ${secrets.take()} x;y`);
  await writeFile(join(providers, 'lists.properties'), lists.join('\n'));
  for (let index = 0; index < 30; index++) {
    const variable =
      [
        `\${file:${providers}/many.properties:key${index}}`,
        `\${dir:${providers}:secret${index % 20}}`,
        `\${env:PLANTED_${index % 20}}`,
      ][index % 3] ?? '';
    const config = postgres(`bad${index}`, { 'database.password': secrets.take() });
    const list = `\${file:${providers}/lists.properties:list${index}}`;
    const bad: Record<string, string>[] = [
      { 'tasks.max': variable },
      { 'database.sslmode': variable, 'database.sslpassword': secrets.take() },
      { 'connector.class': variable },
      { transforms: list, 'transforms.a.type': variable },
      {
        transforms: 'a',
        'transforms.a.type': index % 2 === 0 ? 'Cast$Value' : 'ReplaceField$Value',
        'transforms.a.spec': list,
        'transforms.a.renames': list,
      },
      { predicates: list, 'topic.creation.groups': list, 'table.include.list': list },
      {
        'database.port': 'x',
        'my.api.token': secrets.take(),
        'value.converter.basic.auth.user.info': `me:${secrets.take()}`,
      },
      { 'topic.prefix': `pre fix ${variable}`, 'database.hostname': `https://u:${secrets.take()}@h/` },
      {
        'database.password': `\${file:${providers}/many.properties:missing}`,
        'producer.override.sasl.jaas.config': secrets.take(),
      },
    ];
    for (const more of [bad[index % bad.length] ?? {}]) {
      await ask(run, 'PUT', `/connectors/bad${index}/config`, { ...config, ...more });
      await ask(run, 'PUT', '/connector-plugins/postgres/config/validate', { ...config, ...more });
      await ask(run, 'POST', '/connectors', { name: `bad${index}`, config: { ...config, ...more } });
      await ask(run, 'PATCH', '/connectors/runs/config', more);
      await ask(run, 'POST', '/plan', {
        connectors: [{ name: `bad${index}`, config: { ...config, ...more } }],
        sample: 2,
      });
    }
    await ask(run, 'PUT', `/connectors/bad${index}/config`, `{"database.password":"${secrets.take()}",}`);
    await ask(run, 'POST', '/connectors', { name: 'x', config: { ...config, nested: { password: secrets.take() } } });
    await ask(run, 'POST', '/connectors', `["${secrets.take()}"`);
    await ask(run, 'GET', '/connectors', undefined, `Bearer ${secrets.take()}`);
    await ask(run, 'GET', '/connectors', undefined, `Basic ${Buffer.from(`me:${secrets.take()}`).toString('base64')}`);
  }
}

const READS = [
  '',
  '/config',
  '/status',
  '/tasks',
  '/tasks-config',
  '/topics',
  '/offsets',
  '/health',
  '/progress',
  '/profile',
  '/tasks/0/status',
  '/deadletters',
  '/check',
];
const WRITES = [
  'PUT /pause',
  'PUT /resume',
  'POST /restart?includeTasks=true',
  'POST /tasks/0/restart',
  'PUT /topics/reset',
  'PATCH /offsets',
  'POST /rewind',
];
const PATHS = [
  '/',
  '/health',
  '/metrics',
  '/connectors',
  '/connectors?expand=info&expand=status',
  '/topics',
  '/connector-plugins',
  '/connector-plugins/postgres/config',
  '/admin/loggers',
  '/nowhere',
];

async function askEverything(run: Run): Promise<void> {
  for (const path of PATHS) await ask(run, 'GET', path);
  const names = JSON.parse((await ask(run, 'GET', '/connectors')).text) as string[];
  for (const name of names) {
    for (const read of READS) await ask(run, 'GET', `/connectors/${name}${read}`);
    for (const write of WRITES) {
      const [method = '', path = ''] = write.split(' ');
      await ask(run, method, `/connectors/${name}${path}`, {});
    }
    const config = (await ask(run, 'GET', `/connectors/${name}/config`)).text;
    expect((await ask(run, 'PUT', `/connectors/${name}/config`, config)).status, `${name}: ${config}`).toBe(200);
  }
}

const COMMANDS = [
  'connectors list',
  'connectors list --json',
  'connectors status runs',
  'connectors status wrong0 --json',
  'connectors config wrong1',
  'connectors config literal --json',
  'connectors health',
  'connectors check wrong0',
  'connectors check store',
  'connectors check tls --json',
  'connectors offsets runs',
  'connectors topics runs',
  'loggers',
  'topics list',
  'plugins list',
  'context list',
];

async function runCommands({ worker, told, admin }: Run, cwd: string): Promise<void> {
  for (const command of COMMANDS) {
    const place = /^(?:plugins|context|topics)/.test(command) ? [] : ['--url', worker.url];
    const { code, out, err } = await millrace([...command.split(' '), ...place], cwd, { MILLRACE_TOKEN: admin });
    told.add(`millrace ${command}`, `${code}\n${out}\n${err}`);
  }
}

async function start(cwd: string, options: Record<string, string>, secrets: PlantedSecrets): Promise<Run> {
  const tokens = join(cwd, 'tokens.json');
  const admin = await createToken(tokens, 'me', 'admin');
  for (let index = 0; index < 50; index++) secrets.add(await createToken(tokens, `token${index}`, 'viewer'));
  await writeFile(join(cwd, 'users'), `jane=${secrets.take()}\n`);
  const settings = {
    'millrace.rest.tokens.file': tokens,
    'millrace.rest.basic.file': join(cwd, 'users'),
    'millrace.log.level': 'debug',
    ...options,
  };
  const env = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`PLANTED_${index}`, secrets.take()]));
  const flags = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const worker = await WorkerProcess.start(flags, cwd, env, `Bearer ${admin}`);
  return { worker, secrets, told: new Told(), admin };
}

describe.each([
  ['with a key for secrets at rest', true],
  ['without one', false],
])('1,000 planted secrets, %s', (_name, sealed) => {
  it(
    sealed ? 'stand nowhere' : 'stand nowhere but in the config topic, where they were given literally',
    async () => {
      const cwd = await mkdtemp(join(folder, 'run-'));
      const providers = join(cwd, 'providers');
      await mkdir(providers);
      const secrets = new PlantedSecrets();
      const keys = join(cwd, 'keys');
      if (sealed) await createSecretKey(keys);
      const many = Array.from({ length: 640 }, (_, index) => `key${index}=${secrets.take()}`);
      await writeFile(join(providers, 'many.properties'), many.join('\n'));
      for (let index = 0; index < 20; index++) await writeFile(join(providers, `secret${index}`), secrets.take());
      const run = await start(cwd, sealed ? { 'millrace.config.secret.file': keys } : {}, secrets);
      try {
        await plantInConnectors(run, providers);
        await plantInRefusals(run, providers);
        const states = async () => (await ask(run, 'GET', '/connectors?expand=status')).text;
        await run.worker.until('failing', async () => (await states()).includes('FAILED'));
        await askEverything(run);
        await runCommands(run, cwd);
        await run.worker.until('streaming', async () =>
          (await ask(run, 'GET', '/connectors/runs/progress')).text.includes('streaming'),
        );
        for (const path of PATHS) await ask(run, 'GET', path);
      } finally {
        await run.worker.stop();
        await dropSlots(server);
        await server.sql('DROP OWNED BY app; DROP ROLE app');
      }
      run.told.add('the log', run.worker.log);
      expect(secrets.count).toBeGreaterThanOrEqual(1000);
      const configs: string[] = [];
      let records = 0;
      for (const { topic, text } of await everyRecord(join(cwd, 'millrace-data'))) {
        records++;
        if (topic === 'millrace-configs') configs.push(text);
        if (topic !== 'millrace-configs' || sealed) run.told.add(`topic ${topic}`, text);
      }
      expect(run.told.leaks(secrets)).toEqual([]);
      const { statuses } = run.told;
      expect(statuses.get(200)).toBeGreaterThan(150);
      expect(statuses.get(400)).toBeGreaterThan(90);
      expect(statuses.get(401)).toBeGreaterThan(10);
      expect(statuses.get(500)).toBeUndefined();
      expect(records).toBeGreaterThan(40);
      expect(run.worker.log).toContain('"connector":"wrong0"');
      expect(configs.some((text) => secrets.in(text) !== null)).toBe(!sealed);
      if (sealed) expect(await readFile(keys, 'utf8')).not.toBe('');
      else expect(secrets.onlyGivenLiterally(configs)).toEqual([]);
    },
    300_000,
  );
});
