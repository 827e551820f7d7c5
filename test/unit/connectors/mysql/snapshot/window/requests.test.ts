import { beforeEach, expect, test } from 'vitest';
import { annotationOf, Requests, snapshotOpen } from '../../../../../../connectors/mysql/snapshot/window/requests.ts';
import { readSignal } from '../../../../../../runtime/change/signal.ts';

let said: string[];
const line = (text: string): void => void said.push(text);
const log = { debug: line, info: line, warn: line, error: line };
const TABLES = ['d.a', 'd.b', 'd.c'];

beforeEach(() => {
  said = [];
});

function ask(requests: Requests, type: string, data: object): boolean {
  return requests.signal(readSignal('s', type, JSON.stringify(data)));
}

/** As an offset is stored and read again. */
function restarted(requests: Requests): Requests {
  const notes = requests.annotation();
  return new Requests(log, notes === undefined ? {} : (JSON.parse(JSON.stringify(notes)) as typeof notes));
}

test('a signal waits for the names of tables, also over a restart', () => {
  const first = new Requests(log, undefined);
  expect(first.annotation()).toBeUndefined();
  ask(first, 'execute-snapshot', {
    'data-collections': ['d.(a|b)'],
    'additional-conditions': [{ 'data-collection': 'd.b', filter: 'x = 1' }],
  });
  const second = restarted(first);
  expect([second.unresolved, second.current]).toEqual([true, undefined]);
  second.resolve(TABLES);
  expect(second.queue).toEqual([
    { table: 'd.a', signal: 's', rows: 0, chunks: 0 },
    { table: 'd.b', signal: 's', filter: 'x = 1', rows: 0, chunks: 0 },
  ]);
  expect(JSON.parse(String(second.annotation()?.['incremental_snapshot_collections']))).toEqual([
    {
      incremental_snapshot_collections_id: 'd.a',
      incremental_snapshot_collections_additional_condition: null,
      incremental_snapshot_collections_surrogate_key: null,
    },
    {
      incremental_snapshot_collections_id: 'd.b',
      incremental_snapshot_collections_additional_condition: 'x = 1',
      incremental_snapshot_collections_surrogate_key: null,
    },
  ]);
});

test('how far a table is survives', () => {
  const first = new Requests(log, undefined);
  ask(first, 'execute-snapshot', { 'data-collections': ['d.a'] });
  first.resolve(TABLES);
  const request = first.current;
  if (request === undefined) throw new Error('none');
  Object.assign(request, { key: ['id'], after: ['7'], to: ['9'], rows: 3, chunks: 1 });
  expect(restarted(first).current).toEqual(request);
  first.remove(request);
  expect(first.annotation()).toBeUndefined();
});

test('a pause survives', () => {
  const first = new Requests(log, undefined);
  expect(ask(first, 'pause-snapshot', {})).toBe(true);
  const second = restarted(first);
  expect(second.paused).toBe(true);
  expect(ask(second, 'resume-snapshot', {})).toBe(false);
  expect(second.annotation()).toBeUndefined();
});

test('a stop ends tables, also those that wait for their names; without names all', () => {
  const requests = new Requests(log, undefined);
  ask(requests, 'execute-snapshot', { 'data-collections': ['d.*'] });
  expect(ask(requests, 'stop-snapshot', { 'data-collections': ['d.b'] })).toBe(false);
  requests.resolve(TABLES);
  expect(requests.queue.map(({ table }) => table)).toEqual(['d.a', 'd.c']);
  expect(ask(requests, 'stop-snapshot', { 'data-collections': ['d.c'] })).toBe(false);
  expect(ask(requests, 'stop-snapshot', { 'data-collections': ['d.a'] })).toBe(true);
  ask(requests, 'execute-snapshot', { 'data-collections': ['d.*'] });
  ask(requests, 'stop-snapshot', {});
  expect(requests.idle).toBe(true);
});

test('what Debezium had not finished is read from its start', () => {
  const offset = {
    incremental_snapshot_primary_key: 'aced0005',
    incremental_snapshot_collections:
      '[{"incremental_snapshot_collections_id":"d.a","incremental_snapshot_collections_additional_condition":"x = 1"}]',
  };
  expect(new Requests(log, offset).queue).toEqual([
    { table: 'd.a', signal: 'stored', filter: 'x = 1', rows: 0, chunks: 0 },
  ]);
});

test('a wrong expression is said and skipped', () => {
  const requests = new Requests(log, undefined);
  ask(requests, 'execute-snapshot', { 'data-collections': ['d.('] });
  ask(requests, 'execute-snapshot', { 'data-collections': ['x'] });
  requests.resolve(TABLES);
  expect(requests.idle).toBe(true);
  expect(said.join('\n')).toMatch(/s is not carried out: data-collections.*\nsignal s names no captured table/);
});

test('an offset that was altered to what is no JSON is an error that names the key', () => {
  expect(() => new Requests(log, { 'millrace.incremental': '{' })).toThrow('millrace.incremental of the stored offset');
});

test('what is left of the first snapshot is read whatever signals say, and told until it is', () => {
  const initial = {
    table: 'd.a',
    signal: 'the snapshot',
    initial: true,
    key: ['id'],
    after: ['5'],
    rows: 0,
    chunks: 0,
  } as const;
  const requests = new Requests(log, annotationOf([initial]));
  expect(ask(requests, 'stop-snapshot', {})).toBe(false);
  expect(restarted(requests).queue).toEqual([initial]);
  expect(snapshotOpen(requests.annotation() ?? {})).toBe(true);
  ask(requests, 'execute-snapshot', { 'data-collections': ['d.b'] });
  requests.resolve(TABLES);
  const [left] = requests.queue;
  if (left !== undefined) requests.remove(left);
  expect(requests.queue.map(({ table }) => table)).toEqual(['d.b']);
  expect(snapshotOpen(requests.annotation() ?? {})).toBe(false);
  expect(snapshotOpen({})).toBe(false);
});
