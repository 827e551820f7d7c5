import { expect, test } from 'vitest';
import { RowFactory } from '../../../../../connectors/mysql/row/table-rows.ts';
import { planResumption } from '../../../../../connectors/mysql/snapshot/resume.ts';
import type { SnapshotMode, SnapshotSettings } from '../../../../../connectors/mysql/snapshot/snapshot-settings.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/mysql/type/options.ts';
import { usualRecordOptions } from '../../../change/usual-record-options.ts';

const rows = new RowFactory(
  { ...usualRecordOptions, types: DEFAULT_TYPE_OPTIONS, databaseInclude: [], databaseExclude: [] },
  { family: 'mariadb', taskId: 0, runId: '', version: '' },
);
const place = { file: 'b.1', position: 4, gtids: '', event: 0, transaction: '' };
const interrupted = { place, server: 's', id: 'one', done: new Set(['d.t']), later: [], tables: new Map() };
/** A server whose tables are all read. */
const server = { mariadb: true, query: () => Promise.resolve([]), one: () => Promise.resolve(undefined) };

function settings(mode: SnapshotMode): SnapshotSettings {
  return {
    mode,
    locking: 'none',
    readers: 1,
    lockTimeoutMs: 1,
    delayMs: 0,
    includes: () => true,
    overrides: new Map(),
    chunkRows: 10,
  };
}

test('an interrupted snapshot of which nothing is left is followed by the stream at once', async () => {
  const { others } = await planResumption(server, rows, settings('initial'), interrupted);
  expect(others).toBe(false);
});

test('but is ended, and no stream begun, where none is to follow', async () => {
  const { others } = await planResumption(server, rows, settings('initial_only'), interrupted);
  expect(others).toBe(true);
});
