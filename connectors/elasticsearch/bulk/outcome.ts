import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { Operation } from '../document/operation.ts';
import { isObject, searchError, serverError, type ServerError } from '../http/search-error.ts';
import { placeOf } from '../record-errors.ts';
import { actionOf } from './bulk-body.ts';

/**
 * What became of one operation.
 *
 * - `done`: it is in the index.
 * - `newer`: the index has a newer one. It is done only if its versions are offsets of the same topic.
 * - `retry`: the server asks for it again.
 * - `absent`: a patch found no document.
 * - `missing`: there was no index when it came to it: deleted, or replaced by another one in this moment.
 * - `malformed`: the server will never take this document.
 * - `stop`: nothing of this kind can be written now.
 */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'newer' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'retry'; readonly error: MillraceError; readonly throttled: boolean }
  | { readonly kind: 'missing'; readonly error: MillraceError }
  | { readonly kind: 'malformed'; readonly error: MillraceError }
  | { readonly kind: 'stop'; readonly error: MillraceError };

const DONE: Outcome = { kind: 'done' };
const NEWER: Outcome = { kind: 'newer' };
const ABSENT: Outcome = { kind: 'absent' };

/** Of errors with status 400, those that are not about this one document. */
const NO_SCRIPTS =
  /script_lang not supported|scripts of type \[inline\].*(?:not|disabled)|cannot execute \[inline\] scripts/i;

/** Nor are these: what is wrong is the index, its alias or its pipeline, and every document would be refused. */
const OF_THE_INDEX =
  /only write ops with an op_type of create are allowed in data streams|no write index is defined for alias|pipeline with id \[.*\] does not exist|maximum [\w ]*shards open/;

/** The items of a bulk's answer, one for each operation in order; null: the answer is not whole. */
export function itemsOf(body: JsonObject, count: number): readonly JsonObject[] | null {
  const items = body['items'];
  if (!Array.isArray(items) || items.length !== count) return null;
  return items as readonly JsonObject[];
}

/** What an item of the answer says of its operation. Pure. */
export function outcomeOf(operation: Operation, answer: JsonObject): Outcome {
  const item = answer[actionOf(operation.kind)];
  if (!isObject(item)) return { kind: 'retry', error: unreadable(operation), throttled: false };
  const status = typeof item['status'] === 'number' ? item['status'] : 0;
  if (status >= 200 && status < 300) return DONE;
  const { kind } = operation;
  const error = serverError(item);
  if (status === 404 && error.type !== 'index_not_found_exception') {
    // Nothing to delete is what a delete wants.
    if (kind === 'delete') return DONE;
    if (kind === 'patch' || kind === 'merge') return ABSENT;
  }
  if (status === 409) return conflict(operation, error);
  return failure(operation, status, error);
}

function conflict(operation: Operation, error: ServerError): Outcome {
  // A document of a stream is named by its place in the hub: what is there is this one.
  if (operation.kind === 'create') return DONE;
  if (operation.kind === 'index' || operation.kind === 'delete') return NEWER;
  return { kind: 'retry', error: searchError(placeOf(operation.record), 503, error), throttled: false };
}

function failure(operation: Operation, status: number, error: ServerError): Outcome {
  const doing = `writing ${placeOf(operation.record)} to ${operation.index}`;
  const told = searchError(doing, status, error);
  if (error.type === 'cluster_block_exception') return { kind: 'stop', error: told };
  if (status === 429) return { kind: 'retry', error: told, throttled: true };
  if (status >= 500 || status === 408) return { kind: 'retry', error: told, throttled: false };
  if (error.type === 'index_not_found_exception') return { kind: 'missing', error: told };
  if (status !== 400) return { kind: 'stop', error: told };
  const text = `${error.type}: ${error.reason}`;
  if (operation.kind === 'patch' && NO_SCRIPTS.test(text)) return { kind: 'stop', error: noScripts(operation, text) };
  if (error.type === 'index_closed_exception' || OF_THE_INDEX.test(error.reason)) return { kind: 'stop', error: told };
  return { kind: 'malformed', error: malformed(doing, text) };
}

function malformed(doing: string, text: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_DOCUMENT_REFUSED', `${doing}: ${text}`, {
    kind: 'data',
    key: 'behavior.on.malformed.documents',
    remedy: 'Mend the mapping of the index or the record, then redrive the dead letter.',
  });
}

function noScripts({ record, index }: Operation, text: string): MillraceError {
  return new MillraceError(
    'ELASTICSEARCH_NO_SCRIPTS',
    `${placeOf(record)} leaves out unchanged columns, and the server of ${index} runs no scripts: ${text}`,
    {
      kind: 'config',
      key: 'millrace.partial.updates',
      remedy:
        'Run `ALTER TABLE … REPLICA IDENTITY FULL` at the source and set millrace.partial.updates=refuse, allow inline painless scripts, or set write.method=UPSERT.',
    },
  );
}

function unreadable({ record }: Operation): MillraceError {
  return new MillraceError('ELASTICSEARCH_UNAVAILABLE', `the answer does not tell what became of ${placeOf(record)}`, {
    kind: 'unavailable',
    key: 'connection.url',
  });
}
