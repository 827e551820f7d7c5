import { afterEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import type { MillraceError } from '../../../runtime/record/error.ts';
import { decimalType } from '../../../runtime/record/logical-types.ts';
import { field, INT32, STRING, structOf } from '../../../runtime/record/schema-builder.ts';
import { dateOf } from '../../../runtime/record/semantic-types.ts';
import { Decimal } from '../../../runtime/record/decimal.ts';
import { struct } from '../../../runtime/record/value.ts';
import type { HttpFault } from '../../services/fault-proxy.ts';
import { useSearches } from '../../services/use-searches.ts';
import { sinkRecord, type RecordParts } from '../../unit/connectors/s3/sink-records.ts';
import { SearchProbe } from './search-probe.ts';
import { searchProxy } from './search-proxy.ts';
import { SearchTask } from './search-task.ts';

const found = await useSearches();

let count = 0;

describe.skipIf(found.length === 0).each(found)('on $name', (server) => {
  const probe = new SearchProbe(server.url);
  const used: string[] = [];
  const tasks: SearchTask[] = [];
  const topic = (): string => {
    used.push(`writing-${process.pid}-${count++}`);
    return used.at(-1) ?? '';
  };
  const open = async (name: string, more: RawConfig = {}, assigned = {}): Promise<SearchTask> => {
    const task = await SearchTask.open({ 'connection.url': server.url, ...more }, { name, ...assigned });
    tasks.push(task);
    return task;
  };
  afterEach(async () => {
    for (const task of tasks.splice(0)) await task.close();
    for (const index of used.splice(0)) await probe.remove(index);
  });

  const put = (name: string, offset: number, key: string, json: string | null): RecordParts => ({
    topic: name,
    offset,
    key,
    json,
  });

  test('follows keys and tombstones, and an older replay changes nothing', async () => {
    const name = topic();
    const records = [
      put(name, 0, 'a', '{"n":0}'),
      put(name, 1, 'b', '{"n":1}'),
      put(name, 2, 'a', '{"n":2}'),
      put(name, 3, 'b', null),
    ];
    const config = { 'behavior.on.null.values': 'delete' };
    const task = await open(name, config);
    await task.write(records);
    await task.until(name, 4n);
    const again = await open(name, config);
    await again.write(records.slice(0, 2));
    await again.until(name, 2n);
    expect((await probe.documents(name)).map(({ id, source }) => [id, source])).toEqual([['a', { n: 2 }]]);
    expect(again.told.gauges.get('newer_documents_total')).toBe(2);
    const { body } = await probe.call('GET', `/${name}/_doc/a`);
    expect(body).toMatchObject({ _version: 2 });
  });

  test('makes a mapping from the schema of records, and lets it grow', async () => {
    const name = topic();
    const fields = [field('id', INT32), field('price', decimalType(2)), field('day', dateOf())];
    const row = struct({ id: 1, price: new Decimal(12345n, 2), day: 19_844, note: 'x' });
    const records = [fields, [...fields, field('note', STRING)]].map((of, offset) =>
      sinkRecord({ topic: name, offset, key: 'a', valueDatum: { schema: structOf(of), value: row } }),
    );
    const task = await open(name);
    await task.writeRecords(records);
    await task.until(name, 2n);
    const { body } = await probe.call('GET', `/${name}/_mapping`);
    const { mappings } =
      (body as Record<string, { mappings: { properties: Record<string, unknown>; _meta: unknown } }>)[name] ?? {};
    expect(mappings?.properties).toMatchObject({
      id: { type: 'integer' },
      price: { type: 'double' },
      day: { type: 'date' },
      note: { type: 'text' },
    });
    expect(mappings?._meta).toEqual({
      millrace: { format: 1, topics: { [name]: { id: 'topic-one', partitions: 1 } } },
    });
    expect((await probe.documents(name))[0]?.source).toEqual({ id: 1, price: 123.45, day: '2024-05-01', note: 'x' });
  });

  test('refuses what the mapping refuses, with the reason of the server, and goes on', async () => {
    const name = topic();
    await probe.call('PUT', `/${name}`, { mappings: { properties: { n: { type: 'integer' } } } });
    const task = await open(name);
    await task.write([
      put(name, 0, 'a', '{"n":1}'),
      put(name, 1, 'b', '{"n":"no number"}'),
      put(name, 2, 'c', '{"n":3}'),
    ]);
    await task.until(name, 3n);
    expect(task.rejected.map(({ record }) => record.offset)).toEqual([1n]);
    expect(task.rejected[0]?.error).toMatchObject({
      code: 'ELASTICSEARCH_DOCUMENT_REFUSED',
      message: expect.stringContaining('failed to parse field [n]') as string,
    });
    expect((await probe.documents(name)).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('leaves refused documents out where it is told to, and counts them', async () => {
    const name = topic();
    await probe.call('PUT', `/${name}`, { mappings: { dynamic: 'strict', properties: {} } });
    const task = await open(name, { 'behavior.on.malformed.documents': 'ignore' });
    await task.write([put(name, 0, 'a', '{"n":1}')]);
    await task.until(name, 1n);
    expect(task.rejected).toEqual([]);
    await task.until(name, 1n);
    expect(task.told.gauges.get('refused_documents_left_out_total')).toBe(1);
  });

  test.skipIf(!server.dataStreams)('makes documents of a data stream once', async () => {
    const name = topic();
    const config = { 'data.stream.type': 'LOGS', 'data.stream.dataset': 'millrace' };
    const records = [0, 1, 2].map((offset) => put(name, offset, 'a', `{"n":${offset}}`));
    const task = await open(name, config);
    await task.write(records);
    await task.until(name, 3n);
    const again = await open(name, config);
    await again.write(records);
    await again.until(name, 3n);
    const stream = `logs-millrace-${name.replaceAll('-', '_')}`;
    const documents = await probe.documents(stream);
    expect(documents.map(({ source }) => source['n'])).toEqual([0, 1, 2]);
    expect(documents[0]?.index).toMatch(/^\.ds-/);
    await probe.call('DELETE', `/_data_stream/${stream}`);
    await probe.call('DELETE', `/_index_template/millrace-${stream}`);
  });

  test('writes through an alias', async () => {
    const name = topic();
    used.push(`${name}-000001`);
    await probe.call('PUT', `/${name}-000001`, { aliases: { [name]: {} } });
    const task = await open(name);
    await task.write([put(name, 0, 'a', '{"n":1}')]);
    await task.until(name, 1n);
    expect((await probe.documents(name)).map(({ index, id }) => [index, id])).toEqual([[`${name}-000001`, 'a']]);
  });

  test.each<[string, string, object, object]>([
    ['a topic made anew', 'ELASTICSEARCH_TOPIC_RECREATED', {}, { topic: { id: 'topic-two', partitions: 1 } }],
    ['a partition added', 'ELASTICSEARCH_PARTITIONS_CHANGED', {}, { topic: { id: 'topic-one', partitions: 2 } }],
  ])('stops for %s', async (_name, code, _config, assigned) => {
    const name = topic();
    const task = await open(name);
    await task.write([put(name, 5, 'a', '{"n":1}')]);
    await task.until(name, 6n);
    await expect(open(name, {}, assigned)).rejects.toMatchObject({ code, kind: 'position' });
  });

  test('stops where its index was deleted, and where one has documents of others', async () => {
    const name = topic();
    await expect(open(name, {}, { committed: true, offset: 5n })).rejects.toMatchObject({
      code: 'ELASTICSEARCH_INDEX_GONE',
    });
    await probe.call('PUT', `/${name}/_doc/x?refresh=true`, { n: 1 });
    await expect(open(name)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_UNCLAIMED' });
    await (await open(name, { 'millrace.index.adopt': 'true' })).close();
  });

  test('stops where another topic has its index by the case of its name', async () => {
    const name = topic();
    const other = name.toUpperCase();
    await open(name);
    await expect(open(other)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_SHARED', kind: 'conflict' });
    const one = { 'millrace.index': name };
    await expect(open(other, one)).resolves.toBeDefined();
    await expect(open(name)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_SHARED' });
    await expect(open(name, { 'millrace.index.adopt': 'true' })).resolves.toBeDefined();
  });

  test('does not take "newer" for done where the index was replaced while it wrote', async () => {
    const name = topic();
    const task = await open(name);
    await probe.remove(name);
    await probe.call('PUT', `/${name}/_doc/a?version=100&version_type=external`, { n: 1 });
    await task.write([put(name, 0, 'a', '{"n":1}')]);
    await expect(task.until(name, 1n)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_GONE' });
  });

  test('claims its index again where another task took the claim away', async () => {
    const name = topic();
    const task = await open(name);
    await task.write([put(name, 1, 'a', '{"n":1}')]);
    await task.until(name, 2n);
    const other = { millrace: { format: 1, topics: { other: { id: 'x', partitions: 1 } } } };
    await probe.call('PUT', `/${name}/_mapping`, { _meta: other });
    await task.write([put(name, 0, 'a', '{"n":0}'), put(name, 2, 'a', '{"n":2}')]);
    await task.until(name, 3n);
    const { body } = await probe.call('GET', `/${name}/_mapping`);
    expect(JSON.stringify(body)).toContain('"topic-one"');
    expect(JSON.stringify(body)).toContain('"other"');
  });

  test('goes on with an index whose topic has grown, where the hub keeps offsets in order through that', async () => {
    const name = topic();
    const before = { id: 'topic-one', partitions: 1 };
    const first = await open(name, {}, { topic: before });
    await first.write([put(name, 0, 'a', '{"n":0}'), put(name, 1, 'a', '{"n":1}')]);
    await first.until(name, 2n);
    const grown = { ...before, partitions: 3 };
    await expect(open(name, {}, { topic: grown, offset: 2n, committed: true })).rejects.toMatchObject({
      code: 'ELASTICSEARCH_PARTITIONS_CHANGED',
      kind: 'position',
    });
    const told = { ...grown, growths: [{ partitions: 1, offset: 2n }] };
    const next = await open(name, {}, { topic: told, offset: 2n, committed: true });
    await next.write([put(name, 2, 'a', '{"n":2}')]);
    await next.until(name, 3n);
    expect((await probe.documents(name)).map(({ source }) => source)).toEqual([{ n: 2 }]);
    const { body } = await probe.call('GET', `/${name}/_mapping`);
    expect(JSON.stringify(body)).toContain('"partitions":3');
  });

  test('keeps every digit of numbers without a schema, and rejects what no field can hold', async () => {
    const name = topic();
    const exact = '{"n":12345678901234567890.123456789012345678,"i":9007199254740993}';
    const task = await open(name);
    await task.write([put(name, 0, 'a', exact), put(name, 1, 'b', '{"i":18446744073709551616}')]);
    await task.until(name, 2n);
    const text = await (await fetch(`${server.url}/${name}/_doc/a`)).text();
    expect(text).toContain(`"_source":${exact}`);
    expect(task.rejected.map(({ error }) => (error as MillraceError).code)).toEqual(['ELASTICSEARCH_DOCUMENT_REFUSED']);
  });

  test('names a write block, and checks for it', async () => {
    const name = topic();
    const task = await open(name);
    await probe.call('PUT', `/${name}/_settings`, { 'index.blocks.write': true });
    await task.write([put(name, 0, 'a', '{"n":1}')]);
    await expect(task.until(name, 1n)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_READ_ONLY', kind: 'busy' });
    const config = { 'connection.url': server.url, topics: name };
    const call = { name: 'c', config, env: realEnv, log: silentLog, signal: new AbortController().signal };
    const results = (await elasticsearchSink.check?.(call)) ?? [];
    expect(results.filter(({ ok }) => !ok).map(({ code }) => code)).toEqual(['ELASTICSEARCH_INDEX_READ_ONLY']);
    await probe.call('PUT', `/${name}/_settings`, { 'index.blocks.write': null });
  });

  test('waits for an index that is closed, and refuses no document of it', async () => {
    const name = topic();
    const task = await open(name);
    await probe.call('POST', `/${name}/_close`);
    await task.write([put(name, 0, 'a', '{"n":1}')]);
    await expect(task.until(name, 1n)).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_CLOSED', kind: 'busy' });
    expect(task.rejected).toEqual([]);
    await probe.call('POST', `/${name}/_open`);
    const again = await open(name);
    await again.write([put(name, 0, 'a', '{"n":1}')]);
    await again.until(name, 1n);
  });

  test('patches a row whose event leaves columns out, or says that it cannot', async () => {
    const name = topic();
    const event = (offset: number, op: string, after: unknown): RecordParts =>
      put(name, offset, 'a', JSON.stringify({ op, after, before: null }));
    const NEVER = '__debezium_unavailable_value';
    const records = [
      event(0, 'c', { n: 0, big: 'B' }),
      event(1, 'u', { n: 1, big: NEVER }),
      event(2, 'u', { n: 2, big: NEVER }),
    ];
    const task = await open(name, { 'millrace.unwrap': 'true' });
    await task.write(records);
    if (!server.scripts) {
      await expect(task.until(name, 3n)).rejects.toMatchObject({ code: 'ELASTICSEARCH_NO_SCRIPTS', kind: 'config' });
      return;
    }
    await task.until(name, 3n);
    // What was written comes again, and is older now or done.
    await task.close();
    const again = await open(name, { 'millrace.unwrap': 'true' });
    await again.write(records);
    await again.until(name, 3n);
    expect((await probe.documents(name))[0]?.source).toMatchObject({ n: 2, big: 'B' });
    await again.write([
      event(3, 'u', { n: 3, big: 'C' }),
      event(4, 'u', { n: 4, big: NEVER }),
      event(5, 'd', null),
      event(6, 'u', { n: 6, big: NEVER }),
    ]);
    await again.until(name, 7n);
    expect(again.rejected.map(({ record, error }) => [record.offset, (error as MillraceError).code])).toEqual([
      [6n, 'ELASTICSEARCH_ROW_ABSENT'],
    ]);
    // A patch that comes again after the delete finds that delete, not a lost row.
    const third = await open(name, { 'millrace.unwrap': 'true' });
    await third.write([event(4, 'u', { n: 4, big: NEVER }), event(5, 'd', null)]);
    await third.until(name, 6n);
    expect(third.rejected).toEqual([]);
    expect(await probe.documents(name)).toEqual([]);
  });

  describe('through a line with faults', () => {
    const faults: readonly (readonly [string, HttpFault])[] = [
      ['an answer that is lost', { kind: 'lose' }],
      ['an answer that is cut', { kind: 'cut' }],
      [
        'HTTP 429',
        { kind: 'answer', status: 429, type: 'application/json', text: '{"error":"too many","status":429}' },
      ],
      ['HTTP 503 with a page', { kind: 'answer', status: 503, type: 'text/html', text: '<title>Unavailable</title>' }],
      ['a login page', { kind: 'answer', status: 200, type: 'text/html', text: '<title>Sign in</title>' }],
    ];

    test.each(faults)('%s costs nothing and writes nothing twice', async (_name, fault) => {
      const name = topic();
      const proxy = await searchProxy(server.url, (bulk) => (bulk % 2 === 0 ? fault : { kind: 'pass' }));
      try {
        const task = await open(name, { 'connection.url': proxy.url, 'batch.size': '50', 'key.ignore': 'true' });
        await task.write(Array.from({ length: 300 }, (_, n) => put(name, n, `k${n}`, `{"n":${n}}`)));
        await task.until(name, 300n);
        expect(proxy.hits).toBeGreaterThanOrEqual(6);
        expect(
          (await probe.documents(name)).map(({ source }) => source['n'] as number).toSorted((a, b) => a - b),
        ).toEqual(Array.from({ length: 300 }, (_, n) => n));
      } finally {
        await proxy.close();
      }
    });

    const pressure = (bytes: number): HttpFault => {
      const reason = `rejected execution of coordinating operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, coordinating_operation_bytes=${bytes}, max_coordinating_and_primary_bytes=2000]`;
      const error = { type: 'rejected_execution_exception', reason };
      const text = JSON.stringify({ error, status: 429 });
      return { kind: 'answer', status: 429, type: 'application/json', text };
    };

    test.each<[string, (bytes: number) => HttpFault]>([
      ['a limit of a request', () => ({ kind: 'answer', status: 413, type: 'text/html', text: '' })],
      ['a limit of all that is indexed at once', pressure],
    ])('%s divides bulks and refuses only what is larger', async (_name, fault) => {
      const name = topic();
      const proxy = await searchProxy(server.url, (_bulk, bytes) => (bytes > 2000 ? fault(bytes) : { kind: 'pass' }));
      try {
        const task = await open(name, { 'connection.url': proxy.url });
        await task.write(
          Array.from({ length: 40 }, (_, n) =>
            put(name, n, `k${n}`, JSON.stringify({ n, x: 'x'.repeat(n === 17 ? 3000 : 50) })),
          ),
        );
        await task.until(name, 40n);
        expect(task.rejected.map(({ record, error }) => [record.offset, (error as MillraceError).code])).toEqual([
          [17n, 'ELASTICSEARCH_DOCUMENT_TOO_LARGE'],
        ]);
        expect(await probe.documents(name)).toHaveLength(39);
      } finally {
        await proxy.close();
      }
    });

    test('a redirect stops the task, and says where it led', async () => {
      const name = topic();
      const proxy = await searchProxy(server.url, () => ({
        kind: 'answer',
        status: 302,
        type: 'text/html',
        text: '',
        location: 'https://login.example',
      }));
      try {
        const task = await open(name, { 'connection.url': proxy.url });
        await task.write([put(name, 0, 'a', '{}')]);
        await expect(task.until(name, 1n)).rejects.toMatchObject({
          code: 'ELASTICSEARCH_REDIRECTED',
          message: expect.stringContaining('https://login.example') as string,
        });
      } finally {
        await proxy.close();
      }
    });
  });
});
