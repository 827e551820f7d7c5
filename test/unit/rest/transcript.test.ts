import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { failure } from '../cluster/fake-host.ts';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { violation } from './answer-schemas.ts';
import { testServer } from './test-server.ts';
import { DIFFERENCES, type Difference } from './transcript-differences.ts';

interface Exchange {
  readonly n: number;
  readonly note: string;
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly requestHeaders: Record<string, string>;
  readonly requestBody?: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

const transcript = readFileSync(
  new URL('../../fixtures/connect/connect-rest-transcript.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Exchange)
  .filter((exchange) => exchange.method !== undefined);

let worker: TestWorker;
let app: FastifyInstance;

beforeAll(async () => {
  worker = await startTestWorker();
  app = testServer(worker);
  worker.host.failing = ({ connector }) =>
    connector === 'bad' ? failure('Tolerance exceeded in error handler') : undefined;
  await worker.hub.admin.createTopic('lines', 1);
  worker.sourceOffsets.set('src', [{ partition: { filename: 'in.txt' }, offset: { position: 14 } }]);
  worker.hub.groupOffsets.set('connect-snk', [{ topic: 'lines', partition: 0, offset: 6n }]);
});

afterAll(async () => {
  await app.close();
  await worker.close();
});

/** States that the recording waited for are waited for here too. */
function isAwaited({ note }: Exchange): boolean {
  return /^(?:status once|list until)/.test(note);
}

async function ask(exchange: Exchange) {
  const { method, path, requestHeaders, requestBody } = exchange;
  return app.inject({
    method,
    url: path,
    headers: { host: 'HOST:PORT', ...requestHeaders },
    ...(requestBody === undefined ? {} : { payload: requestBody }),
  });
}

/** What is compared of a body: all of it but the texts of traces and the order of names; of a validation, its shape. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') ? value.toSorted() : value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const masked = Object.entries(value).map(([key, field]): [string, unknown] => {
    if (key === 'message' && typeof field === 'string') return [key, withSortedMap(field)];
    if (key === 'worker_id') return [key, 'HOST:PORT'];
    if (key === 'last_modified') return [key, field === null ? null : 'TIMESTAMP'];
    if (key === 'configs') return [key, shapes(field)];
    if (key === 'groups') return [key, Array.isArray(field)];
    return [key, comparable(field)];
  });
  const compared = Object.fromEntries(masked.filter(([key]) => key !== 'trace' && key !== 'task.class'));
  return compared['kafka_topic'] === undefined ? compared : { ...compared };
}

/** A Java map in a message has the order of its hashes. */
function withSortedMap(message: string): string {
  return message.replace(
    /\{([^{}]*=[^{}]*)\}/,
    (_, entries: string) => `{${entries.split(', ').toSorted().join(', ')}}`,
  );
}

/** Of a validation's entries: fields of the first, and the errors by key. */
function shapes(configs: unknown): unknown {
  const entries = configs as { definition: object; value: { name: string; errors: string[] } }[];
  const first = entries[0];
  return {
    definition: Object.keys(first?.definition ?? {}),
    value: Object.keys(first?.value ?? {}),
    withErrors: entries
      .filter(({ value }) => value.errors.length > 0)
      .map(({ value }) => value.name)
      .toSorted(),
  };
}

/** The entries of a plugin's options have Connect's fields; which options there are is our own. */
function isOptionList(exchange: Exchange): boolean {
  return /^\/connector-plugins\/[^/]+\/config$/.test(exchange.path) && exchange.status === 200;
}

async function settled(exchange: Exchange, expected: unknown) {
  let answer = await ask(exchange);
  for (let turn = 0; turn < 500 && isAwaited(exchange); turn++) {
    if (JSON.stringify(stateOf(answer.body)) === JSON.stringify(expected)) break;
    await realEnv.timers.yield();
    answer = await ask(exchange);
  }
  return answer;
}

function stateOf(text: string): unknown {
  return text === '' ? undefined : comparable(JSON.parse(text));
}

const NONE: Difference = { reason: '' };

function listed(header: unknown): string[] {
  return String(header).split(',').toSorted();
}

describe('the REST API against a recorded Kafka Connect worker', () => {
  for (const exchange of transcript) {
    const { n, note, method, path, status } = exchange;
    const difference = DIFFERENCES.get(n);
    const suffix = difference === undefined ? '' : ` (differs: ${difference.reason})`;
    it(`${n} ${note}: ${method} ${path}${suffix}`, async () => {
      if (n === 242) worker.hub.groupOffsets.set('connect-snk', [{ topic: 'lines', partition: 0, offset: 9n }]);
      const expected = exchange.body === undefined ? undefined : comparable(exchange.body);
      const answer = await settled(exchange, expected);
      expect(answer.statusCode).toBe(difference?.status ?? status);
      expect(answer.statusCode).not.toBe(500);
      expect(violation(method, path, answer.statusCode, answer.body)).toBeNull();
      if (answer.body !== '') expect(answer.headers['content-type']).toBe('application/json');
      const found = difference ?? NONE;
      if (found.status !== undefined) expect(found.status).not.toBe(status);
      if (exchange.headers['location'] !== undefined && found.status === undefined) {
        const same = answer.headers['location'] === exchange.headers['location'];
        expect(same).toBe(found.otherLocation !== true);
      }
      if (exchange.headers['allow'] !== undefined)
        expect(listed(answer.headers['allow'])).toEqual(listed(exchange.headers['allow']));
      if (isOptionList(exchange)) {
        const [ours] = JSON.parse(answer.body) as object[];
        const [theirs] = exchange.body as object[];
        expect(Object.keys(ours ?? {})).toEqual(Object.keys(theirs ?? {}));
        return;
      }
      const actual = stateOf(answer.body);
      if (found.otherBody === true) {
        if (found.status === undefined) expect(actual).not.toEqual(expected);
        if (answer.statusCode >= 400)
          expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['error_code', 'message']);
        return;
      }
      const { message } = (expected ?? {}) as { message?: string };
      expect(actual).toEqual(found.status === undefined ? expected : { error_code: found.status, message });
    });
  }
});
