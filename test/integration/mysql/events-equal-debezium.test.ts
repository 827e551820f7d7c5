import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import { useMysql } from '../../services/use-mysql.ts';
import type { ParsedRecord, RecordText } from '../change/debezium-records.ts';
import { topicDifferences } from '../change/event-differences.ts';
import { EventRun } from '../change/event-run.ts';
import { recordedOf } from './fixture.ts';
import { MARIADB_DIFFERENCES, MYSQL_DIFFERENCES, type ListedDifference } from './listed-differences.ts';
import { runScript } from './run-script.ts';

interface Comparison {
  readonly version: 'mariadb-10.11' | 'mysql-8.0';
  readonly folder: 'debezium-mariadb' | 'debezium-mysql';
  readonly configurations: readonly string[];
  /** Rows that the snapshot reads. */
  readonly rows: number;
  readonly listed: readonly ListedDifference[];
}

const COMPARISONS: readonly Comparison[] = [
  {
    version: 'mariadb-10.11',
    folder: 'debezium-mariadb',
    configurations: ['connector.json'],
    rows: 8,
    listed: MARIADB_DIFFERENCES,
  },
  {
    version: 'mysql-8.0',
    folder: 'debezium-mysql',
    configurations: ['connector.json', 'connector-alt.json'],
    rows: 11,
    listed: MYSQL_DIFFERENCES,
  },
];

describe.each(COMPARISONS)('events on $version', ({ version, folder, configurations, rows, listed }) => {
  const { fixture, recordedEvents, byTopic } = recordedOf(folder);
  const runs = new Map<string, EventRun>();
  useMysql(version, {
    prepare: async (server) => {
      await runScript(server, fixture('1-schema.sql'));
      for (const file of configurations) {
        const { name, config } = configuration(file);
        const run = new EventRun(new MysqlTask({ ...config, name, 'database.port': String(server.port) }));
        runs.set(name, run);
        await run.start();
        await run.until((records) => records.filter(isRead).length >= rows);
      }
      await runScript(server, fixture('2-changes.sql'));
      await server.sql("insert into reference.plain values (999, 'the end', 0)");
      for (const run of runs.values()) await run.until((records) => records.some(isEnd));
    },
  });

  afterAll(async () => {
    for (const run of runs.values()) await run.close();
  });

  function configuration(file: string): { name: string; config: Record<string, string> } {
    return JSON.parse(fixture(file)) as { name: string; config: Record<string, string> };
  }

  describe.each(configurations)('with the settings of %s', (file) => {
    const { name } = configuration(file);
    const events = recordedEvents().filter(({ topic }) => topic === name || topic.startsWith(`${name}.`));
    const recorded = byTopic(withEnd(events.filter((record) => record.topic !== name || !isUnwritten(record))));
    let ours = new Map<string, ParsedRecord[]>();

    beforeEach(() => {
      ours = byTopic(beforeEnd(runs.get(name)?.records ?? []));
    });

    it('go to the same topics', () => {
      expect([...ours.keys()].toSorted()).toEqual([...recorded.keys()].toSorted());
    });

    it.each([...recorded.keys()])('equal those of Debezium but for the listed differences: %s', (topic) => {
      const found = topicDifferences(recorded.get(topic) ?? [], ours.get(topic) ?? []);
      expect(found.filter((line) => !listed.some((one) => matches(one, topic, line)))).toEqual([]);
    });

    it('show every listed difference', () => {
      const found = [...recorded].flatMap(([topic, records]) =>
        topicDifferences(records, ours.get(topic) ?? []).map((line) => ({ topic, line })),
      );
      const unseen = listed.filter(
        (one) =>
          (one.configuration ?? file) === file &&
          one.sometimes !== true &&
          !found.some(({ topic, line }) => matches(one, topic, line)),
      );
      expect(unseen.map(({ what }) => what)).toEqual([]);
    });
  });
});

function isRead({ value }: RecordText): boolean {
  return value?.includes('"op":"r"') === true;
}

function isEnd({ key }: RecordText): boolean {
  return key?.includes('"id":999') === true;
}

function isTransaction({ topic }: RecordText): boolean {
  return topic.endsWith('.transaction');
}

/** Without the insert that ends the run, and its BEGIN. */
function beforeEnd(records: readonly RecordText[]): RecordText[] {
  const end = records.findIndex(isEnd);
  const before = records.slice(0, end);
  const last = before.at(-1);
  return last !== undefined && isTransaction(last) ? before.slice(0, -1) : before;
}

/**
 * Before a snapshot's CREATE TABLEs Debezium writes statements of its own; while it streams, also what leaves
 * every table as it is (indexes). We write none of them.
 */
function isUnwritten({ value }: RecordText): boolean {
  const { payload } = JSON.parse(value ?? '{}') as {
    payload: { ddl: string; source: { snapshot: string }; tableChanges: readonly unknown[] };
  };
  if (payload.source.snapshot !== 'true') return payload.tableChanges.length === 0;
  return !payload.ddl.startsWith('CREATE TABLE');
}

/** Debezium writes a BEGIN, but no END, for a statement that makes no rows; we write neither. */
function withEnd(records: readonly RecordText[]): RecordText[] {
  return records.filter((record, i) => {
    if (!isTransaction(record) || record.value?.includes('"status":"BEGIN"') !== true) return true;
    const next = records[i + 1];
    return next?.topic === record.topic && next.value?.includes('"status":"END"') === true;
  });
}

function matches(one: ListedDifference, topic: string, line: string): boolean {
  return one.topic.test(topic) && one.line.test(line);
}
