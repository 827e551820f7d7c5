import type { Env } from '../../../runtime/env/env.ts';
import type { SinkRejection } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import type { Operation } from '../document/operation.ts';
import type { SearchAnswer, SearchClient } from '../http/search-client.ts';
import { answeredJson, searchError, serverError } from '../http/search-error.ts';
import { rejected } from '../record-errors.ts';
import { BulkBody } from './bulk-body.ts';
import { itemsOf, outcomeOf, type Outcome } from './outcome.ts';
import { backoffMs, type Pace } from './pace.ts';
import type { Slots } from './slots.ts';

export interface BulkSenderOptions {
  readonly client: SearchClient;
  readonly env: Env;
  readonly pace: Pace;
  readonly slots: Slots;
  readonly maxRetries: number;
  readonly backoffMs: number;
  /** Aborts when the task is to stop: then nothing is waited for that may take long. */
  readonly stop: AbortSignal;
  /** Whether an index is still the one that was claimed, so that "there is a newer one" may be believed: throws where not. */
  readonly believe: (index: string, signal: AbortSignal) => Promise<void>;
  /** What is being waited for, for people; null: nothing. */
  readonly retrying: (error: MillraceError | null) => void;
  readonly count: (what: 'bulks' | 'documents' | 'bytes' | 'newer' | 'retried', by: number) => void;
}

/** What can be left when nothing is to be sent again. */
export interface Sent {
  /** Operations whose document the server will not take. */
  readonly rejected: readonly SinkRejection[];
}

const PATH =
  '/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.type,items.*.error.caused_by.reason,error,status';

/**
 * Carries out bulks: each is sent until every operation of it is done or refused.
 *
 * Of a bulk that was carried out in part only what failed for a while is sent again, before anything
 * later of its partition: the caller sends one bulk of a partition at a time (I4). Where there is no
 * whole answer all of it is sent again; by their ids and versions operations may be carried out twice.
 */
export class BulkSender {
  readonly #options: BulkSenderOptions;

  constructor(options: BulkSenderOptions) {
    this.#options = options;
  }

  /** Throws where the task cannot go on, or `max.retries` is used up. */
  async send(body: BulkBody, signal: AbortSignal): Promise<Sent> {
    const refused: SinkRejection[] = [];
    const { env, maxRetries, retrying } = this.#options;
    let rest = body;
    let cap = Infinity;
    for (let failures = 0; rest.count > 0;) {
      const before = rest.count;
      const result = await this.#attempt(rest, cap, refused, signal);
      if (result.again.count === 0) break;
      cap = result.cap ?? cap;
      // What moves on is no failure: a cluster that takes a part each time is only slow.
      failures = result.again.count < before || result.split ? 1 : failures + 1;
      if (failures > maxRetries) throw result.error;
      rest = result.again;
      if (result.split) continue;
      retrying(result.error);
      env.crash?.('elasticsearch.before_retry');
      this.#options.count('retried', rest.count);
      await this.#pause(failures, result.error, signal);
    }
    retrying(null);
    return { rejected: refused };
  }

  /** Waits before attempt `n`; a task that is to stop gives up what its server does not take. */
  async #pause(n: number, error: MillraceError, signal: AbortSignal): Promise<void> {
    const { env, stop, backoffMs: firstMs } = this.#options;
    try {
      await env.timers.sleep(backoffMs(firstMs, n, env.random.next()), AbortSignal.any([signal, stop]));
    } catch (aborted) {
      throw signal.aborted ? aborted : error;
    }
  }

  async #attempt(body: BulkBody, cap: number, refused: SinkRejection[], signal: AbortSignal): Promise<Attempt> {
    const { env, pace, slots, count } = this.#options;
    const part = fitting(body, Math.min(cap, pace.bytes * 2));
    await slots.take(signal);
    const startedMs = env.clock.monotonicMs();
    let answer: SearchAnswer;
    try {
      env.crash?.('elasticsearch.before_bulk');
      answer = await this.#options.client.send({ method: 'POST', path: PATH, body: part.view(), ndjson: true }, signal);
      env.crash?.('elasticsearch.after_bulk');
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof MillraceError && error.kind === 'unavailable') return again(body, error);
      throw error;
    } finally {
      slots.give();
    }
    count('bulks', 1);
    count('bytes', part.bytes);
    const tookMs = env.clock.monotonicMs() - startedMs;
    const read = this.#read(part, answer);
    if (read.kind === 'failed') return again(body, read.error);
    if (read.kind === 'too large') return this.#tooLarge(body, part, refused, read.error);
    const { kept, error, throttled } = await this.#settle(part, read.items, refused, signal);
    if (throttled) pace.throttled();
    else pace.answered(part.bytes, tookMs);
    if (kept.length === 0) return after(body, part.count, error);
    return again(body.pick([...kept, ...range(part.count, body.count)]), error);
  }

  /** The items of an answer, or what its failure as a whole means. */
  #read(part: BulkBody, answer: SearchAnswer): Reading {
    const doing = `a bulk of ${part.count} operations`;
    const { status } = answer;
    try {
      if (status === 413)
        return { kind: 'too large', error: searchError(doing, status, { type: '', reason: 'HTTP 413' }) };
      const body = answeredJson(doing, answer);
      const items = status < 300 ? itemsOf(body, part.count) : null;
      if (items !== null) return { kind: 'items', items };
      if (status < 300) return { kind: 'failed', error: notWhole(doing) };
      const told = serverError(body);
      const error = searchError(doing, status, told);
      if (status === 429 && isBeyondPressure(told.reason)) return { kind: 'too large', error };
      throw error;
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      if (error.kind === 'throttled') this.#options.pace.throttled();
      if (error.kind === 'throttled' || error.kind === 'unavailable') return { kind: 'failed', error };
      throw error;
    }
  }

  async #settle(part: BulkBody, items: readonly JsonObject[], refused: SinkRejection[], signal: AbortSignal) {
    const kept: number[] = [];
    const doubted = new Set<string>();
    const absent: Operation[] = [];
    let error: MillraceError | null = null;
    let throttled = false;
    let newerCount = 0;
    for (const [i, item] of items.entries()) {
      const operation = part.operations[i];
      if (operation === undefined) continue;
      const outcome: Outcome = outcomeOf(operation, item);
      if (outcome.kind === 'done') continue;
      if (outcome.kind === 'stop') throw outcome.error;
      if (outcome.kind === 'newer') {
        doubted.add(operation.index);
        newerCount++;
      } else if (outcome.kind === 'absent') absent.push(operation);
      else if (outcome.kind === 'malformed') refused.push({ record: operation.record, error: outcome.error });
      else {
        kept.push(i);
        ({ error } = outcome);
        // An alias that moves to another index (a reindex) takes the old one from bulks under way.
        if (outcome.kind === 'missing') doubted.add(operation.index);
        else throttled ||= outcome.throttled;
      }
    }
    for (const index of doubted) await this.#options.believe(index, signal);
    this.#options.count('newer', newerCount);
    this.#options.count('documents', part.count - kept.length);
    refused.push(...(await this.#trulyAbsent(absent, signal)));
    return { kept, error: error ?? notWhole('a bulk'), throttled };
  }

  /**
   * Patches without a document: a delete that is newer explains it, and the server remembers it for a
   * while (`index.gc_deletes`), so a delete of the patch's own version conflicts with it. Otherwise the
   * row was never written, and what the patch leaves out is known nowhere.
   */
  async #trulyAbsent(operations: readonly Operation[], signal: AbortSignal): Promise<SinkRejection[]> {
    if (operations.length === 0) return [];
    const probes = new BulkBody();
    for (const operation of operations) probes.add({ ...operation, kind: 'delete', row: null });
    const doing = `looking for deletes of ${operations.length} documents`;
    const answer = await this.#options.client.send(
      { method: 'POST', path: PATH, body: probes.view(), ndjson: true },
      signal,
    );
    const body = answeredJson(doing, answer);
    const items = answer.status < 300 ? itemsOf(body, operations.length) : null;
    if (items === null)
      throw answer.status < 300 ? notWhole(doing) : searchError(doing, answer.status, serverError(body));
    return operations.flatMap((operation, i) => {
      const outcome = outcomeOf({ ...operation, kind: 'delete' }, items[i] ?? {});
      if (outcome.kind === 'newer') return [];
      if (outcome.kind !== 'done') throw 'error' in outcome ? outcome.error : notWhole(doing);
      return [{ record: operation.record, error: absentRow(operation) }];
    });
  }

  /** Sends it in halves; one document alone is the record's own fault. */
  #tooLarge(body: BulkBody, part: BulkBody, refused: SinkRejection[], error: MillraceError): Attempt {
    const [only] = part.operations;
    this.#options.pace.tooLarge(part.bytes);
    if (part.count > 1 || only === undefined) return { again: body, split: true, error, cap: part.bytes / 2 };
    refused.push({ record: only.record, error: tooLarge(only, part.bytes, error) });
    return after(body, 1, error);
  }
}

interface Attempt {
  readonly again: BulkBody;
  /** Nothing failed: the rest only did not fit. */
  readonly split: boolean;
  readonly error: MillraceError;
  /** No request may have more bytes. */
  readonly cap?: number;
}

type Reading =
  | { readonly kind: 'items'; readonly items: readonly JsonObject[] }
  | { readonly kind: 'failed'; readonly error: MillraceError }
  | { readonly kind: 'too large'; readonly error: MillraceError };

function done(): Attempt {
  return { again: new BulkBody(16), split: false, error: notWhole('a bulk') };
}

/** The first `count` operations are dealt with. */
function after(body: BulkBody, count: number, error: MillraceError): Attempt {
  return count === body.count ? done() : { again: body.pick(range(count, body.count)), split: true, error };
}

function again(body: BulkBody, error: MillraceError): Attempt {
  return { again: body, split: false, error };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);
}

/** The first operations that fit in so many bytes: one at least. */
function fitting(body: BulkBody, bytes: number): BulkBody {
  if (body.bytes <= bytes || body.count === 1) return body;
  return body.pick(range(0, body.fitting(bytes)));
}

function notWhole(doing: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_UNAVAILABLE', `${doing}: the answer does not tell of every operation`, {
    kind: 'unavailable',
    key: 'connection.url',
    remedy: 'Look for a proxy between here and the server that changes or cuts answers.',
  });
}

function absentRow({ record, index }: Operation): MillraceError {
  return rejected(
    record,
    'ELASTICSEARCH_ROW_ABSENT',
    `the event leaves out unchanged columns, and ${index} has no document of the row that has them`,
    {
      key: 'millrace.partial.updates',
      remedy:
        'Run `ALTER TABLE … REPLICA IDENTITY FULL` at the source, and snapshot the table again. Where a column really holds the placeholder, set another one: unavailable.value.placeholder of the source and millrace.unavailable.placeholder here.',
    },
  );
}

function tooLarge({ record }: Operation, bytes: number, { message }: MillraceError): MillraceError {
  return rejected(
    record,
    'ELASTICSEARCH_DOCUMENT_TOO_LARGE',
    `the server takes no request of ${bytes} bytes (${message})`,
    {
      key: 'bulk.size.bytes',
      remedy:
        'Raise http.max_content_length of the server (or the limit of the proxy before it), or its heap (indexing_pressure.memory.limit is a part of it), or make the record smaller.',
    },
  );
}

/**
 * Whether a request is refused for its own size: larger than all that the server would hold at once, so that no
 * wait helps. `… coordinating_operation_bytes=83888342, max_coordinating_and_primary_bytes=70955827]`
 */
function isBeyondPressure(reason: string): boolean {
  const [, bytes, most] = /_operation_bytes=(\d+), max_\w+=(\d+)/.exec(reason) ?? [];
  return bytes !== undefined && most !== undefined && Number(bytes) > Number(most);
}
