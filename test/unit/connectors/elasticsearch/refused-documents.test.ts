import { expect, test } from 'vitest';
import { RefusedDocuments } from '../../../../connectors/elasticsearch/refused-documents.ts';
import type { SinkRejection } from '../../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';

function rejection(n: number, code: string): SinkRejection {
  const nothing = { schema: null, value: null };
  return {
    record: {
      topic: 't',
      partition: 0,
      offset: BigInt(n),
      timestampMs: 0,
      headers: [],
      rawKey: null,
      rawValue: null,
      tombstone: true,
      encoding: 'other',
      key: () => nothing,
      value: () => nothing,
    },
    error: new MillraceError(code, `the problem at ${n}`, { kind: 'data' }),
  };
}

const refused = [rejection(1, 'ELASTICSEARCH_DOCUMENT_REFUSED'), rejection(3, 'ELASTICSEARCH_DOCUMENT_REFUSED')];
const other = rejection(2, 'ELASTICSEARCH_KEY_MISSING');

/** What is kept, what is said, and how many are counted. */
function outcome(behaviour: 'fail' | 'warn' | 'ignore', rejected: readonly SinkRejection[]) {
  const said: unknown[] = [];
  const silent = (): void => undefined;
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (text: string, fields?: object) => said.push(text, fields),
  };
  const documents = new RefusedDocuments(behaviour);
  return { kept: documents.kept(rejected, { log }), said, leftOut: documents.leftOut };
}

const all = [...refused, other];

test('are rejections like others where they stop the task', () => {
  expect(outcome('fail', all)).toEqual({ kept: all, said: [], leftOut: 0 });
});

test('are left out, counted, and told by the first of them', () => {
  expect(outcome('warn', all)).toEqual({
    kept: [other],
    said: ['documents that the server refused are left out', { documents: 2, first: 'the problem at 1' }],
    leftOut: 2,
  });
});

test('are left out without a word', () => {
  expect(outcome('ignore', all)).toEqual({ kept: [other], said: [], leftOut: 2 });
});
