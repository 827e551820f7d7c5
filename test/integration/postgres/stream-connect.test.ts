import { execFileSync } from 'node:child_process';
import { copyFileSync, chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConnection, type ConnectionSettings } from '../../../connectors/postgres/connection.ts';
import { postgresConnector } from '../../../connectors/postgres/connector.ts';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { listen } from '../change/listen.ts';
import { connectionTo, createStream, openStream, recordsOf } from './stream-harness.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/postgres-tls');
let pg: PostgresServer;

beforeAll(async () => {
  pg = await startPostgres({
    hba: [
      'hostssl all secure 127.0.0.1/32 scram-sha-256',
      'host all secure 127.0.0.1/32 reject',
      'hostnossl all plain 127.0.0.1/32 scram-sha-256',
      'local all plain scram-sha-256',
      'host all weak 127.0.0.1/32 scram-sha-256',
    ],
  });
  const owner = statSync(pg.dataDirectory);
  for (const name of ['server.crt', 'server.key']) {
    const to = join(pg.dataDirectory, name);
    copyFileSync(join(fixtures, name), to);
    chownSync(to, owner.uid, owner.gid);
    chmodSync(to, 0o600);
  }
  await pg.sql(`alter system set ssl = on`);
  await pg.restart('fast');
  await pg.sql(`create role secure login superuser replication password 'pa$$w0rd\\''`.replace(`\\'`, `''`));
  await pg.sql(`create role plain login superuser replication password 'secret'`);
  await pg.sql(`create role weak login password 'secret'`);
  await pg.sql(`create table orders (id int primary key, v text); create table notes (v text)`);
});
afterAll(async () => {
  await pg.stop();
});

async function tlsOf(changes: Partial<ConnectionSettings>): Promise<string | null | undefined> {
  const connection = await openConnection(connectionTo(pg, changes), realEnv);
  try {
    const row = await connection.one('', 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()');
    return row?.['ssl'] === 't' ? row['version'] : 'clear';
  } finally {
    await connection.close();
  }
}

const secure: Partial<ConnectionSettings> = {
  host: 'localhost',
  user: 'secure',
  password: "pa$$w0rd'",
  sslrootcert: join(fixtures, 'ca.crt'),
};

describe('transports', () => {
  test('verify-full accepts a certificate of the CA that names the host, with SCRAM behind it', async () => {
    expect(await tlsOf({ ...secure, sslmode: 'verify-full' })).toMatch(/^TLSv1\.[23]$/);
  });

  test('verify-full refuses a certificate that names another host; verify-ca does not care', async () => {
    const address = { ...secure, host: '127.0.0.1' };
    await expect(tlsOf({ ...address, sslmode: 'verify-full' })).rejects.toMatchObject({
      code: 'POSTGRES_TLS',
      key: 'database.sslrootcert',
    });
    expect(await tlsOf({ ...address, sslmode: 'verify-ca' })).toMatch(/^TLS/);
  });

  test('verify-ca and require with a root certificate refuse another CA', async () => {
    const other = { ...secure, sslrootcert: join(fixtures, 'other-ca.crt') };
    await expect(tlsOf({ ...other, sslmode: 'verify-ca' })).rejects.toMatchObject({ code: 'POSTGRES_TLS' });
    await expect(tlsOf({ ...other, sslmode: 'require' })).rejects.toMatchObject({ code: 'POSTGRES_TLS' });
  });

  test('verify-full without a root certificate trusts only public CAs', async () => {
    const { sslrootcert: _, ...rest } = secure;
    await expect(tlsOf({ ...rest, sslmode: 'verify-full' })).rejects.toMatchObject({ code: 'POSTGRES_TLS' });
    expect(await tlsOf({ ...rest, sslmode: 'require' })).toMatch(/^TLS/);
  });

  test('prefer encrypts where the server can, and disable does not', async () => {
    expect(await tlsOf({ sslmode: 'prefer' })).toMatch(/^TLS/);
    expect(await tlsOf({ user: 'plain', password: 'secret', sslmode: 'disable' })).toBe('clear');
  });

  test('a wrong password is a named error, and never shows the password', async () => {
    const failure = tlsOf({ user: 'plain', password: 'not-this', sslmode: 'disable' });
    await expect(failure).rejects.toMatchObject({
      code: 'POSTGRES_AUTHENTICATION',
      kind: 'permission',
      key: 'database.password',
    });
    await expect(failure).rejects.not.toThrow(/not-this/);
  });

  test('a Unix socket directory as the host carries queries and the stream', async () => {
    await pg.sql('create publication sockets for table orders');
    const setup = {
      server: { ...pg, host: pg.socketDirectory },
      slot: 'sockets',
      publication: 'sockets',
      connection: { user: 'plain', password: 'secret', sslmode: 'verify-full' as const },
    };
    const from = await createStream(setup);
    const stream = await openStream(setup, from);
    await pg.sql(`insert into orders values (1, 'a')`);
    expect(recordsOf(await stream.stream.read(AbortSignal.timeout(10_000))).length).toBe(1);
    await stream.close();
  });

  test('the stream carries megabytes over verified TLS', async () => {
    await pg.sql('create publication tls for table orders');
    const setup = {
      server: pg,
      slot: 'tls',
      publication: 'tls',
      connection: { ...secure, sslmode: 'verify-full' as const },
    };
    const from = await createStream(setup);
    const stream = await openStream(setup, from);
    await pg.sql(`insert into orders select n, repeat('x', 1000) from generate_series(10, 3009) n`);
    let count = 0;
    while (count < 3000) {
      const batch = await stream.stream.read(AbortSignal.timeout(10_000));
      count += recordsOf(batch).length;
      batch.release?.();
    }
    await stream.close();
  });
});

const check = (changes: Record<string, string>): Promise<readonly CheckResult[]> => {
  const config = {
    name: 'c',
    'database.hostname': '127.0.0.1',
    'database.port': String(pg.port),
    'database.user': 'postgres',
    'database.dbname': pg.database,
    'topic.prefix': 'c',
    'slot.name': 'checked',
    ...changes,
  };
  const call = { name: 'c', config, env: realEnv, log: listen().context.log, signal: new AbortController().signal };
  return postgresConnector.check?.(call) ?? Promise.resolve([]);
};
const failures = (results: readonly CheckResult[]) =>
  results.filter(({ ok }) => !ok).map(({ code, fatal, remedy }) => ({ code, fatal: fatal ?? true, remedy }));

describe('check', () => {
  test('a superuser lacks nothing; a table without a replica identity is pointed out', async () => {
    expect(failures(await check({}))).toEqual([
      {
        code: 'POSTGRES_NO_REPLICA_IDENTITY',
        fatal: false,
        remedy: 'ALTER TABLE "public"."notes" REPLICA IDENTITY FULL;',
      },
    ]);
  });

  test('each privilege that is missing comes with the statement that grants it', async () => {
    const config = { 'database.user': 'weak', 'database.password': 'secret', 'table.include.list': 'public.orders' };
    const before = failures(await check(config));
    expect(before.map(({ code }) => code)).toEqual([
      'POSTGRES_REPLICATION_DENIED',
      'POSTGRES_PERMISSION',
      'POSTGRES_SELECT_DENIED',
      'POSTGRES_PUBLICATION_DENIED',
    ]);
    expect(before[0]?.remedy).toBe('ALTER ROLE "weak" WITH REPLICATION;');
    expect(before[2]?.remedy).toBe('GRANT SELECT ON "public"."orders" TO "weak";');
    for (const { remedy } of before) {
      const statement = remedy?.replace('Run as a superuser: ', '');
      if (statement !== undefined && /^(ALTER|GRANT|CREATE)/.test(statement)) await pg.sql(statement);
    }
    expect(failures(await check(config))).toEqual([]);
  });

  test('a signal table that is not captured is pointed out', async () => {
    const of = async (more: Record<string, string>) =>
      failures(await check(more)).map(({ code, fatal }) => [code, fatal]);
    const only = { 'table.include.list': 'public.orders' };
    const unseen = ['POSTGRES_SIGNALS_UNSEEN', false];
    expect(await of({ ...only, 'signal.data.collection': 'public.signals' })).toEqual([unseen]);
    expect(await of({ ...only, 'signal.data.collection': 'public.orders' })).toEqual([]);
  });

  test('an unreachable server is one failure, with what to look at', async () => {
    const results = await check({ 'database.port': '1' });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ ok: false, code: 'POSTGRES_UNAVAILABLE' });
    expect(results[0]?.remedy).toContain('database.port');
  });
});

test('the fixtures hold no other secret', () => {
  expect(execFileSync('ls', [fixtures]).toString().split('\n').filter(Boolean).sort()).toEqual([
    'README.md',
    'ca.crt',
    'other-ca.crt',
    'server.crt',
    'server.key',
  ]);
});
