import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresTask } from '../../../connectors/postgres/task.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import type { ParsedRecord, RecordText } from '../change/debezium-records.ts';
import { byTopic, fixture, recordedEvents } from './debezium-records.ts';
import { topicDifferences } from '../change/event-differences.ts';
import { EventRun } from '../change/event-run.ts';
import { LISTED, type ListedDifference } from './listed-differences.ts';
import { runScript } from './sql-script.ts';

/** The pauses of the script let a connector read the catalogue as it is at each event; ours needs little. */
const PAUSE_MS = 300;

describe.each([
  ['ref', 18],
  ['alt', 18],
  ['ref', 14],
  ['alt', 14],
] as const)('events of the configuration %s on PostgreSQL %i', (name, version) => {
  let server: PostgresServer;
  let run: EventRun | undefined;
  const recorded = byTopic(recordedEvents().filter(({ topic }) => topic.startsWith(`${name}.`)));
  let ours = new Map<string, ParsedRecord[]>();

  beforeAll(async () => {
    server = await startPostgres({ version });
    await server.sql('CREATE DATABASE reference');
    const client = new pg.Client({ host: server.host, port: server.port, user: server.user, database: 'reference' });
    await client.connect();
    await runScript(client, fixture('1-schema.sql'));
    const { config } = JSON.parse(fixture(`connector-${name}.json`)) as { config: Record<string, string> };
    run = new EventRun(
      new PostgresTask({
        ...config,
        name,
        'database.hostname': server.host,
        'database.port': String(server.port),
        'database.user': server.user,
        'database.password': '',
      }),
    );
    await run.start();
    await run.until((records) => records.filter(isRead).length >= SNAPSHOT_ROWS);
    await runScript(client, fixture('2-changes.sql'), async (statement) => {
      if (!statement.includes('pg_sleep')) return false;
      await sleep(PAUSE_MS);
      return true;
    });
    if (name === 'ref') await run.until((records) => records.filter(isIncremental).length >= INCREMENTAL_ROWS);
    await client.query("INSERT INTO other.t VALUES (999, 'the end')");
    await run.until((records) => records.some(({ key }) => key?.includes('"id":999') === true));
    await client.end();
    ours = byTopic(withoutEnd(run.records));
  });

  afterAll(async () => {
    await run?.close();
    await server?.stop();
  });

  it('go to the same topics', () => {
    expect([...ours.keys()].toSorted()).toEqual([...recorded.keys()].toSorted());
  });

  it.each([...recorded.keys()])('equal those of Debezium but for the listed differences: %s', (topic) => {
    const found = topicDifferences(notEmpty(recorded.get(topic)), notEmpty(ours.get(topic)));
    expect(found.filter((line) => !LISTED.some((listed) => matches(listed, topic, line)))).toEqual([]);
  });

  it('show every listed difference of this configuration', () => {
    const found = [...recorded].flatMap(([topic, records]) =>
      topicDifferences(notEmpty(records), notEmpty(ours.get(topic))).map((line) => ({ topic, line })),
    );
    const unseen = LISTED.filter(
      (listed) =>
        listed.configurations.includes(name) && !found.some(({ topic, line }) => matches(listed, topic, line)),
    );
    expect(unseen.map(({ what }) => what)).toEqual([]);
  });
});

/** Rows of `1-schema.sql`; those of the partitioned table come twice, from its root and from its leaves. */
const SNAPSHOT_ROWS = 17;

function isRead({ value }: RecordText): boolean {
  return value?.includes('"op":"r"') === true;
}

/** Rows of the two tables that the script's signal asks for. */
const INCREMENTAL_ROWS = 3;

function isIncremental({ value }: RecordText): boolean {
  return value?.includes('"snapshot":"incremental"') === true;
}

/** Without the mark that ends the run, and its transaction. */
function withoutEnd(records: readonly RecordText[]): RecordText[] {
  const end = records.findIndex(({ key }) => key?.includes('"id":999') === true);
  const before = records[end - 1];
  return records.slice(0, before?.topic.endsWith('.transaction') === true ? end - 1 : end);
}

/**
 * Without BEGIN and END of transactions that have no captured events. Debezium has more of them: its
 * incremental snapshots write to the database, and what `skipped.operations` names is published.
 */
function notEmpty(records: readonly ParsedRecord[] = []): readonly ParsedRecord[] {
  const empty = records.map(({ value }) => /"status":"END","id":"[^"]*","event_count":0,/.test(JSON.stringify(value)));
  return records.filter((_, i) => !(empty[i] ?? false) && !(empty[i + 1] ?? false));
}

function matches(listed: ListedDifference, topic: string, line: string): boolean {
  return listed.topic.test(topic) && listed.line.test(line);
}
