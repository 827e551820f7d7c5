import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VerifyReport } from '../../runtime/app/verify/verify.ts';
import { startSearch } from '../services/elasticsearch.ts';
import { mysqlOptions, startMysql } from '../services/mysql.ts';
import { databaseOptions, startPostgres } from '../services/postgres.ts';
import { startS3 } from '../services/s3.ts';
import { millrace, WorkerProcess } from './worker-process.ts';

const EXAMPLES = fileURLToPath(new URL('../../config/', import.meta.url));

let folder: string;
let closing: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mr-examples-'));
  closing = [];
});

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

interface Stoppable {
  stop(): Promise<void>;
}

/** A server of the test's, or the reason why there is none. */
async function started<T extends Stoppable>(
  start: Promise<T | { readonly missing: string }>,
  skip: (note: string) => never,
): Promise<T> {
  const server = await start;
  if ('missing' in server) return skip(server.missing);
  closing.push(() => server.stop());
  return server;
}

/** Runs the connectors of an example: its files as they are but for the servers' addresses. */
async function runExample(name: string, addresses: Readonly<Record<string, object>>): Promise<void> {
  const files = readdirSync(join(EXAMPLES, name)).map((file) => {
    const example = JSON.parse(readFileSync(join(EXAMPLES, name, file), 'utf8')) as { name: string; config: object };
    const path = join(folder, file);
    writeFileSync(path, JSON.stringify({ ...example, config: { ...example.config, ...addresses[example.name] } }));
    return path;
  });
  const worker = await WorkerProcess.start(['--set', 'offset.flush.interval.ms=200', ...files], folder);
  closing.push(async () => void (await worker.stop()));
}

/** Every row of the source, now, is in the hub and in the copies. */
async function proven(...copies: readonly string[]): Promise<void> {
  const { code, out, err } = await millrace(['verify', 'shop', '--hub', 'millrace-data', '--json', ...copies], folder);
  if (out === '') throw new Error(err);
  const { comparisons } = JSON.parse(out) as VerifyReport;
  expect(comparisons.map(({ table, copy, equal, copyRows }) => `${table} ${copy} ${equal} ${copyRows}`)).toSatisfy(
    (found: string[]) => found.length > 0 && found.every((one) => one.includes(' true ')),
  );
  expect(code).toBe(0);
}

const TABLES = [
  'create table customers (id bigint primary key, name varchar(80), joined date)',
  'create table orders (id bigint primary key, customer_id bigint, total numeric(12,2), placed_at timestamp(6) null)',
  "insert into customers values (1, 'Ann', '2024-02-29'), (2, 'Bob', null), (3, 'Cem', '1999-12-31')",
  "insert into orders values (10, 1, 12.50, '2024-05-01 10:00:00.123456'), (11, 2, -0.01, null)",
];
const CHANGES = [
  "insert into orders values (12, 3, 99999999.99, '2026-11-24 13:14:15')",
  'update orders set total = total + 1 where id = 10',
  'update customers set id = 4 where id = 3',
  'delete from orders where id = 11',
];

test('MySQL → hub → OpenSearch + S3 runs as it stands, and every row is in both', async ({ skip }) => {
  const mysql = await started(startMysql('mysql-8.0'), skip);
  const search = await started(startSearch('opensearch'), skip);
  const s3 = await started(startS3(), skip);
  await mysql.sql('create database shop', 'use shop', ...TABLES);
  await runExample('mysql-to-opensearch-and-s3', {
    shop: mysqlOptions(mysql),
    search: { 'connection.url': search.url },
    archive: {
      'store.url': s3.url,
      's3.bucket.name': s3.bucket,
      's3.region': 'us-east-1',
      'aws.access.key.id': s3.accessKey,
      'aws.secret.access.key': s3.secretKey,
      'topics.dir': `examples-${process.pid}`,
    },
  });
  await proven('--index', 'search', '--archive', 'archive');
  await mysql.sql('use shop', ...CHANGES);
  await proven('--index', 'search', '--archive', 'archive');
});

test('Postgres → hub → Elasticsearch runs as it stands, and every row is in the index', async ({ skip }) => {
  const search = await started(startSearch('elasticsearch'), skip);
  const postgres = await startPostgres();
  closing.push(() => postgres.stop());
  await postgres.sql(TABLES.join(';'));
  await runExample('postgres-to-elasticsearch', {
    shop: databaseOptions(postgres),
    search: { 'connection.url': search.url },
  });
  await proven('--index', 'search');
  await postgres.sql(CHANGES.join(';'));
  await proven('--index', 'search');
});
