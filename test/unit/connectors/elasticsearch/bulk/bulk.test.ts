import { describe, expect, test } from 'vitest';
import { BulkBody } from '../../../../../connectors/elasticsearch/bulk/bulk-body.ts';
import { BulkSender, type Sent } from '../../../../../connectors/elasticsearch/bulk/bulk-sender.ts';
import { Pace } from '../../../../../connectors/elasticsearch/bulk/pace.ts';
import { PartitionWriter } from '../../../../../connectors/elasticsearch/bulk/partition-writer.ts';
import { Slots } from '../../../../../connectors/elasticsearch/bulk/slots.ts';
import type { Operation } from '../../../../../connectors/elasticsearch/document/operation.ts';
import type { SearchAnswer, SearchClient } from '../../../../../connectors/elasticsearch/http/search-client.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import { realEnv } from '../../../../../runtime/env/real.ts';
import { operation } from './operation.ts';

const SIGNAL = new AbortController().signal;
const NO_SLEEP = { ...realEnv, timers: { ...realEnv.timers, sleep: () => Promise.resolve() } };

function bodyOf(...operations: readonly Operation[]): BulkBody {
  const body = new BulkBody();
  for (const one of operations) body.add(one);
  return body;
}

type Item = { readonly status: number; readonly type?: string; readonly reason?: string };
type Script = (ids: readonly string[], bytes: number) => readonly Item[] | Partial<SearchAnswer> | MillraceError;

/** A server that answers by script; keeps the ids of each bulk it was sent. */
function server(script: Script): { readonly client: SearchClient; readonly asked: string[][] } {
  const asked: string[][] = [];
  const client: SearchClient = {
    shown: 'a script',
    send: ({ body = '' }) => {
      const actions = body
        .toString()
        .split('\n')
        .filter((line) => line.includes('"_index"'))
        .map((line) => JSON.parse(line) as Record<string, { _id: string }>);
      const ids = actions.map((action) => Object.values(action)[0]?._id ?? '');
      asked.push(ids);
      const answer = script(ids, body.length);
      if (answer instanceof MillraceError) return Promise.reject(answer);
      if (!Array.isArray(answer))
        return Promise.resolve({ status: 200, text: '', contentType: '', ...(answer as object) });
      const items = (answer as readonly Item[]).map(({ status, type, reason = '' }, i) => ({
        [Object.keys(actions[i] ?? {})[0] ?? '']: {
          status,
          ...(type === undefined ? {} : { error: { type, reason } }),
        },
      }));
      return Promise.resolve({
        status: 200,
        text: JSON.stringify({ errors: true, items }),
        contentType: 'application/json',
      });
    },
    close: () => Promise.resolve(),
  };
  return { client, asked };
}

function sender(
  client: SearchClient,
  more: { pace?: Pace; maxRetries?: number; believe?: () => Promise<void> } = {},
): BulkSender {
  const {
    pace = new Pace({ maxBytes: 1e6, maxInFlight: 5 }),
    maxRetries = 3,
    believe = () => Promise.resolve(),
  } = more;
  const slots = new Slots(() => pace.inFlight);
  return new BulkSender({
    client,
    env: NO_SLEEP,
    pace,
    slots,
    maxRetries,
    backoffMs: 1,
    believe,
    stop: SIGNAL,
    retrying: () => {},
    count: () => {},
  });
}

const OK: Item = { status: 201 };
const allOk: Script = (ids) => ids.map(() => OK);

describe('a bulk', () => {
  const send = (script: Script, body: BulkBody, more = {}): Promise<Sent> & { asked: string[][] } => {
    const { client, asked } = server(script);
    return Object.assign(sender(client, more).send(body, SIGNAL), { asked });
  };

  test('is sent again for what failed only', async () => {
    let n = 0;
    const sending = send(
      (ids) => ids.map((id) => (id === '2' && n++ < 2 ? { status: 429, type: 'es_rejected_execution_exception' } : OK)),
      bodyOf(operation(1), operation(2), operation(3)),
    );
    expect((await sending).rejected).toEqual([]);
    expect(sending.asked).toEqual([['1', '2', '3'], ['2'], ['2']]);
  });

  test('tells what the server refuses, with its reason, and goes on', async () => {
    const sending = send(
      (ids) =>
        ids.map((id) => (id === '2' ? { status: 400, type: 'document_parsing_exception', reason: 'no date' } : OK)),
      bodyOf(operation(1), operation(2)),
    );
    const { rejected } = await sending;
    expect(rejected.map(({ record }) => record.offset)).toEqual([2n]);
    expect(rejected[0]?.error).toMatchObject({
      code: 'ELASTICSEARCH_DOCUMENT_REFUSED',
      kind: 'data',
      message: expect.stringContaining('no date') as string,
    });
  });

  test.each<[string, Partial<SearchAnswer> | MillraceError]>([
    ['a proxy answered with a page', { status: 200, text: '<html><title>Sign in</title></html>' }],
    ['the answer was cut', { status: 200, text: '{"errors":false,"items":[{"index":{"sta' }],
    [
      'the answer tells of fewer operations',
      { status: 200, text: '{"errors":false,"items":[{"index":{"status":201}}]}' },
    ],
    ['the gateway has no server', { status: 502, text: '<html>Bad gateway</html>' }],
    [
      'the server asks for less',
      { status: 429, text: '{"error":{"type":"circuit_breaking_exception","reason":"too much"},"status":429}' },
    ],
    ['the line was cut', new MillraceError('ELASTICSEARCH_UNAVAILABLE', 'reset', { kind: 'unavailable' })],
  ])('is sent again whole where %s', async (_name, fault) => {
    let n = 0;
    const sending = send((ids, bytes) => (n++ === 0 ? fault : allOk(ids, bytes)), bodyOf(operation(1), operation(2)));
    await sending;
    expect(sending.asked).toEqual([
      ['1', '2'],
      ['1', '2'],
    ]);
  });

  test('gives up after max.retries in a row without any progress', async () => {
    const sending = send(() => ({ status: 503, text: '{}' }), bodyOf(operation(1)), { maxRetries: 2 });
    await expect(sending).rejects.toMatchObject({ code: 'ELASTICSEARCH_UNAVAILABLE', kind: 'unavailable' });
    expect(sending.asked).toHaveLength(3);
  });

  test.each<[string, Partial<SearchAnswer>]>([
    ['ELASTICSEARCH_REDIRECTED', { status: 302, text: '', location: 'https://login' }],
    [
      'ELASTICSEARCH_UNAUTHENTICATED',
      { status: 401, text: '{"error":{"type":"security_exception","reason":"no"},"status":401}' },
    ],
    [
      'ELASTICSEARCH_ACCESS_DENIED',
      { status: 403, text: '{"error":{"type":"security_exception","reason":"no"},"status":403}' },
    ],
    [
      'ELASTICSEARCH_REQUEST_REFUSED',
      { status: 400, text: '{"error":{"type":"illegal_argument_exception","reason":"no"},"status":400}' },
    ],
  ])('stops the task with %s', async (code, answer) => {
    const sending = send(() => answer, bodyOf(operation(1)));
    await expect(sending).rejects.toMatchObject({ code });
    expect(sending.asked).toHaveLength(1);
  });

  test('is divided where it is too large, and one document too large is refused alone', async () => {
    const body = bodyOf(
      operation(1, 'index', '1', 100),
      operation(2, 'index', '2', 5000),
      operation(3, 'index', '3', 100),
    );
    const sending = send((ids, bytes) => (bytes > 1000 ? { status: 413, text: '' } : allOk(ids, bytes)), body);
    const { rejected } = await sending;
    expect(rejected.map(({ record }) => record.offset)).toEqual([2n]);
    expect(rejected[0]?.error).toMatchObject({ code: 'ELASTICSEARCH_DOCUMENT_TOO_LARGE', kind: 'data' });
    expect(sending.asked.at(-1)).toEqual(['3']);
  });

  test('believes in newer documents only while the index is of the same topic', async () => {
    const newer: Script = (ids) => ids.map(() => ({ status: 409, type: 'version_conflict_engine_exception' }));
    expect((await send(newer, bodyOf(operation(1)))).rejected).toEqual([]);
    const gone = new MillraceError('ELASTICSEARCH_INDEX_GONE', 'made anew', { kind: 'position' });
    const believe = (): Promise<void> => Promise.reject(gone);
    await expect(send(newer, bodyOf(operation(1)), { believe })).rejects.toBe(gone);
  });

  test('goes on where its index was replaced in the middle of it, and only while that is of the same topic', async () => {
    const missing: Item = { status: 404, type: 'index_not_found_exception' };
    let n = 0;
    const replaced: Script = (ids) => ids.map((id) => (id === '2' && n++ === 0 ? missing : OK));
    const sending = send(replaced, bodyOf(operation(1), operation(2)));
    expect((await sending).rejected).toEqual([]);
    expect(sending.asked).toEqual([['1', '2'], ['2']]);
    const gone = new MillraceError('ELASTICSEARCH_INDEX_GONE', 'deleted', { kind: 'position' });
    const deleted: Script = (ids) => ids.map(() => missing);
    await expect(send(deleted, bodyOf(operation(1)), { believe: () => Promise.reject(gone) })).rejects.toBe(gone);
    await expect(send(deleted, bodyOf(operation(1)))).rejects.toMatchObject({ code: 'ELASTICSEARCH_INDEX_MISSING' });
  });

  test('tells a row that was deleted since from one that was never there', async () => {
    const missing: Item = { status: 404, type: 'document_missing_exception' };
    let n = 0;
    const sending = send(
      (ids) =>
        n++ === 0
          ? ids.map(() => missing)
          : [{ status: 409, type: 'version_conflict_engine_exception' }, { status: 404 }],
      bodyOf(operation(5, 'patch', 'deleted'), operation(6, 'patch', 'never')),
    );
    const { rejected } = await sending;
    expect(rejected.map(({ record, error }) => [record.offset, (error as MillraceError).code])).toEqual([
      [6n, 'ELASTICSEARCH_ROW_ABSENT'],
    ]);
  });
});

describe('a partition', () => {
  function writer(send: (ids: readonly string[]) => Promise<Sent>, maxOperations = 2): PartitionWriter {
    return new PartitionWriter({
      offset: 0n,
      maxOperations,
      bulkBytes: () => 1e6,
      moved: () => {},
      send: (body) => send(body.operations.map(({ id }) => id ?? '')),
    });
  }

  test('never has two bulks under way, and is durable as far as they are done', async () => {
    const gates: (() => void)[] = [];
    const asked: (readonly string[])[] = [];
    const of = writer((ids) => {
      asked.push(ids);
      return new Promise((resolve) => gates.push(() => resolve({ rejected: [] })));
    });
    for (let n = 0; n < 5; n++) {
      of.add(operation(n));
      of.passed(BigInt(n));
    }
    of.passed(7n);
    await new Promise(setImmediate);
    expect([asked.length, of.durable]).toEqual([1, 0n]);
    const ends: bigint[] = [];
    const draining = of.drain();
    for (let done = 0; done < 3; done++) {
      gates[done]?.();
      await new Promise(setImmediate);
      ends.push(of.durable);
    }
    await draining;
    expect(asked).toEqual([['0', '1'], ['2', '3'], ['4']]);
    expect(ends).toEqual([2n, 4n, 8n]);
  });

  test('has a document once in a bulk where versions do not order its changes', async () => {
    const asked: (readonly string[])[] = [];
    const of = writer((ids) => {
      asked.push(ids);
      return Promise.resolve({ rejected: [] });
    }, 100);
    for (const [offset, kind, id] of [
      [0, 'index', 'a'],
      [1, 'patch', 'a'],
      [2, 'patch', 'b'],
      [3, 'index', 'b'],
      [4, 'index', 'c'],
    ] as const) {
      of.add(operation(offset, kind, id));
      of.passed(BigInt(offset));
    }
    await of.drain();
    expect(asked).toEqual([['a', 'c'], ['a', 'b'], ['b']]);
    expect(of.durable).toBe(5n);
  });

  test('keeps its durable offset where a bulk fails, and tells why', async () => {
    const failure = new MillraceError('ELASTICSEARCH_UNAVAILABLE', 'gone', { kind: 'unavailable' });
    const of = writer((ids) => (ids.includes('2') ? Promise.reject(failure) : Promise.resolve({ rejected: [] })));
    for (let n = 0; n < 4; n++) {
      of.add(operation(n));
      of.passed(BigInt(n));
    }
    await expect(of.drain()).rejects.toBe(failure);
    expect([of.durable, of.failure]).toEqual([2n, failure]);
  });
});

test('slots bound what is under way and follow a moving bound', async () => {
  let limit = 1;
  const slots = new Slots(() => limit);
  await slots.take(SIGNAL);
  let second = false;
  const waiting = slots.take(SIGNAL).then(() => (second = true));
  await Promise.resolve();
  expect(second).toBe(false);
  limit = 2;
  slots.give();
  await waiting;
  expect(slots.taken).toBe(1);
  const stop = new AbortController();
  limit = 0;
  const refused = slots.take(stop.signal);
  stop.abort(new Error('stopping'));
  await expect(refused).rejects.toThrow('stopping');
});
