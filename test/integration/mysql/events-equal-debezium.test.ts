import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import { startMysql, type MysqlServer } from '../../services/mysql.ts';
import type { ParsedRecord, RecordText } from '../change/debezium-records.ts';
import { topicDifferences } from '../change/event-differences.ts';
import { EventRun } from '../change/event-run.ts';
import { byTopic, fixture, recordedEvents, runScript } from './fixture.ts';
import { LISTED, type ListedDifference } from './listed-differences.ts';

const SNAPSHOT_ROWS = 8;
describe('events on MariaDB 10.11', () => {
  let server: MysqlServer | undefined;
  let missing = '';
  let run: EventRun | undefined;
  const recorded = byTopic(
    withEnd(
      recordedEvents().filter((record) =>
        record.topic === 'refma' ? !isPreparation(record) : record.topic.startsWith('refma.'),
      ),
    ),
  );
  let ours = new Map<string, ParsedRecord[]>();

  beforeAll(async () => {
    const started = await startMysql('mariadb-10.11');
    if ('missing' in started) {
      ({ missing } = started);
      return;
    }
    const at = (server = started);
    await runScript(at, fixture('1-schema.sql'));
    const { config } = JSON.parse(fixture('connector.json')) as { config: Record<string, string> };
    run = new EventRun(new MysqlTask({ ...config, name: 'refma', 'database.port': String(at.port) }));
    await run.start();
    await run.until((records) => records.filter(isRead).length >= SNAPSHOT_ROWS);
    await runScript(at, fixture('2-changes.sql'));
    await at.sql("insert into reference.plain values (999, 'the end', 0)");
    await run.until((records) => records.some(isEnd));
    ours = byTopic(beforeEnd(run.records));
  });

  afterAll(async () => {
    await run?.close();
    await server?.stop();
  });

  beforeEach(({ skip }) => {
    skip(missing !== '', missing);
  });

  it('go to the same topics', () => {
    expect([...ours.keys()].toSorted()).toEqual([...recorded.keys()].toSorted());
  });

  it.each([...recorded.keys()])('equal those of Debezium but for the listed differences: %s', (topic) => {
    const found = topicDifferences(recorded.get(topic) ?? [], ours.get(topic) ?? []);
    expect(found.filter((line) => !LISTED.some((listed) => matches(listed, topic, line)))).toEqual([]);
  });

  it('show every listed difference', () => {
    const found = [...recorded].flatMap(([topic, records]) =>
      topicDifferences(records, ours.get(topic) ?? []).map((line) => ({ topic, line })),
    );
    const unseen = LISTED.filter(
      (listed) => listed.sometimes !== true && !found.some(({ topic, line }) => matches(listed, topic, line)),
    );
    expect(unseen.map(({ what }) => what)).toEqual([]);
  });
});

function isRead({ value }: RecordText): boolean {
  return value?.includes('"op":"r"') === true;
}

function isEnd({ key }: RecordText): boolean {
  return key?.includes('"id":999') === true;
}

/** Without the insert that ends the run, and its BEGIN. */
function beforeEnd(records: readonly RecordText[]): RecordText[] {
  const end = records.findIndex(isEnd);
  const before = records.slice(0, end);
  return before.at(-1)?.topic === 'refma.transaction' ? before.slice(0, -1) : before;
}

/** Before a snapshot's CREATE TABLEs Debezium writes statements of its own; we write none. */
function isPreparation({ value }: RecordText): boolean {
  const { payload } = JSON.parse(value ?? '{}') as { payload: { ddl: string; source: { snapshot: string } } };
  return payload.source.snapshot === 'true' && !payload.ddl.startsWith('CREATE TABLE');
}

/** Debezium writes a BEGIN, but no END, for a statement that makes no rows; we write neither. */
function withEnd(records: readonly RecordText[]): RecordText[] {
  return records.filter(({ topic, value }, i) => {
    if (topic !== 'refma.transaction' || value?.includes('"status":"BEGIN"') !== true) return true;
    const next = records[i + 1];
    return next?.topic === topic && next.value?.includes('"status":"END"') === true;
  });
}

function matches(listed: ListedDifference, topic: string, line: string): boolean {
  return listed.topic.test(topic) && listed.line.test(line);
}
