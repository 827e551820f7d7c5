import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { MysqlTask } from '../../../connectors/mysql/task.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { appOptions, MYSQL_VERSIONS } from '../../services/mysql.ts';
import { useMysql } from '../../services/use-mysql.ts';
import { EventRun } from '../change/event-run.ts';
import { useJournals } from '../change/use-journals.ts';

/** What the server says of its own file, or we of what it sent. */
const NAMED = /^MYSQL_(?:CHECKSUM|BINLOG_CORRUPT|EVENT_BROKEN|ROWS_BROKEN|BINLOG_REFUSED|TABLE_MAP)$/;
const MARK = 'a-text-to-find';

describe.each(MYSQL_VERSIONS.flatMap((version) => ['CRC32', 'NONE'].map((checksum) => ({ version, checksum }))))(
  'a binlog of $version with checksums $checksum, damaged on the server’s disk',
  ({ version, checksum }) => {
    const journals = useJournals();
    const mysql = useMysql(version, {
      settings: [`--binlog-checksum=${checksum}`],
      prepare: (server) =>
        server.sql(
          'create database app character set utf8mb4',
          'create table app.t (id int primary key, v varchar(100))',
          "insert into app.t values (1, 'one')",
        ),
    });

    const runOf = (offsets: readonly SourceOffset[] = []): EventRun =>
      new EventRun(
        new MysqlTask({ name: 'app', ...appOptions(mysql.server), 'include.schema.changes': 'false' }),
        offsets,
        journals.open,
      );

    /** Rows behind the offsets, in a file that the server writes no more; where the marked text is in it. */
    async function written(id: number): Promise<{ offsets: SourceOffset[]; path: string; at: number }> {
      const run = runOf();
      await run.start();
      await run.until((records) => records.length > 0);
      await run.close();
      const [status] = await mysql.server
        .sql('show master status')
        .catch(() => mysql.server.sql('show binary log status'));
      await mysql.server.sql(
        `insert into app.t values (${id}, '${MARK}')`,
        `insert into app.t values (${id + 1}, 'behind it')`,
        'flush binary logs',
      );
      const path = join(mysql.server.dataDirectory, status?.['File'] ?? '');
      return { offsets: [...run.offsets.values()], path, at: readFileSync(path).lastIndexOf(MARK) };
    }

    /** What ends a run from there, and the rows that came before. */
    async function read(offsets: readonly SourceOffset[]): Promise<{ failure: unknown; values: string }> {
      const run = runOf(offsets);
      await run.start().catch((error: unknown) => (run.failure = error as Error));
      for (let i = 0; i < 100 && run.failure === undefined; i++) await sleep(50);
      await run.close();
      return { failure: run.failure, values: run.records.map(({ value }) => value).join() };
    }

    it('ends in a named error where it is cut off, without a row of the part that is left', async () => {
      const { offsets, path, at } = await written(10);
      truncateSync(path, at + 4);
      const { failure, values } = await read(offsets);
      expect(failure).toMatchObject({ code: expect.stringMatching(NAMED) as string });
      expect(values).not.toContain('a-te');
    });

    it('ends in a named error where the size of an event is wrong', async () => {
      const { offsets, path, at } = await written(20);
      const bytes = readFileSync(path);
      bytes.writeUInt32LE(0x7fff_fff0, eventOf(bytes, at) + 9);
      writeFileSync(path, bytes);
      expect((await read(offsets)).failure).toMatchObject({ code: expect.stringMatching(NAMED) as string });
    });

    it.runIf(checksum === 'CRC32')('never shows a value with a wrong byte', async () => {
      const { offsets, path, at } = await written(30);
      const bytes = readFileSync(path);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      const { failure, values } = await read(offsets);
      expect(failure).toMatchObject({ code: expect.stringMatching(NAMED) as string });
      expect(values).not.toContain('-text-to-find');
    });
  },
);

const HEADER_BYTES = 19;

/** Where the event begins that has this byte. */
function eventOf(bytes: Buffer, within: number): number {
  let at = 4;
  for (;;) {
    const size = bytes.readUInt32LE(at + 9);
    if (size < HEADER_BYTES || at + size > within) return at;
    at += size;
  }
}
