import type { JsonObject, RawHeader, TopicPartition } from '../../record/record.ts';

/** The header by which a dead letter is known, whatever `context.headers.enable` says: {@link DeadLetterFacts} as JSON. */
export const DEAD_LETTER_HEADER = 'millrace.deadletter';

/** How often a record was redriven, as text; it stays on the record, so a circle ends. */
export const REDRIVE_COUNT_HEADER = 'millrace.redrive.count';

/** Kafka Connect's stages (`errors/Stage.java`), and `BLOCKED`: held back behind an earlier dead letter of its key. */
export type ErrorStage =
  | 'TASK_POLL'
  | 'TASK_PUT'
  | 'TRANSFORMATION'
  | 'KEY_CONVERTER'
  | 'VALUE_CONVERTER'
  | 'HEADER_CONVERTER'
  | 'BLOCKED';

/**
 * - `sink`: key, value and headers as they stand in the hub, at `topic`, `partition`, `offset`.
 * - `record`: of a source: key and value with their schemas, as JsonConverter writes them with `schemas.enable`.
 * - `cells`: of a source: a row whose cells could not be decoded, raw (`source/kept-row.ts`).
 * - `raw`: of a source: bytes that it could not read, as the value.
 */
export type DeadLetterForm = 'sink' | 'record' | 'cells' | 'raw';

export interface DeadLetterFacts {
  readonly version: 1;
  readonly connector: string;
  readonly task: number;
  readonly form: DeadLetterForm;
  /** When it failed, epoch milliseconds. */
  readonly at: number;
  readonly stage: ErrorStage;
  readonly class: string;
  /** Code of a millrace error, else the error's name. */
  readonly code: string;
  readonly message: string;
  /** So many headers before this one are the record's own. */
  readonly headers: number;
  /** Of a sink, where the record stands; of a source, where it was meant to go. */
  readonly topic?: string;
  /** Of a sink: a topic of that name that was made anew has other records at the same offsets. */
  readonly topicId?: string;
  readonly partition?: number;
  /** Decimal. */
  readonly offset?: string;
  /** Of a source: where it read the record, or the batch that the record was in. */
  readonly source?: { readonly partition: JsonObject; readonly offset: JsonObject };
  readonly stack?: string;
}

const CONNECT = '__connect.errors.';

/**
 * What a dead letter says of itself; null: it is none. Those of Kafka Connect's sinks are read too,
 * where they carry its context headers.
 */
export function readDeadLetter(headers: readonly RawHeader[]): DeadLetterFacts | null {
  const own = headers.findLast(({ key }) => key === DEAD_LETTER_HEADER)?.value ?? null;
  return own === null ? fromConnect(headers) : parsed(own);
}

/** Where a record stands in the hub. */
export type Standing = TopicPartition & { readonly offset: bigint };

/** Where a sink's record stands; null: it is of a source, or of a topic that is another one now (`ids`, by name). */
export function standing(
  { topic, topicId, partition, offset }: DeadLetterFacts,
  ids: ReadonlyMap<string, string>,
): Standing | null {
  if (topic === undefined || partition === undefined || offset === undefined) return null;
  const now = ids.get(topic);
  if (topicId !== undefined && now !== undefined && topicId !== now) return null;
  return { topic, partition, offset: BigInt(offset) };
}

/** The headers that the record had before it died. */
export function originalHeaders(headers: readonly RawHeader[]): readonly RawHeader[] {
  const at = headers.findLastIndex(({ key }) => key === DEAD_LETTER_HEADER);
  return at >= 0 ? headers.slice(0, at) : headers.filter(({ key }) => !key.startsWith(CONNECT));
}

/** The stack, where the dead letter has it. */
export function stackOf(headers: readonly RawHeader[], facts: DeadLetterFacts): string | undefined {
  return facts.stack ?? text(headers, 'exception.stacktrace');
}

/** How often the record was redriven so far. */
export function redriveCount(headers: readonly RawHeader[]): number {
  const bytes = headers.findLast(({ key }) => key === REDRIVE_COUNT_HEADER)?.value;
  const count = Number(Buffer.from(bytes ?? []).toString());
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

/** The headers with the count in place of an earlier one. */
export function withRedriveCount(headers: readonly RawHeader[], count: number): readonly RawHeader[] {
  const others = headers.filter(({ key }) => key !== REDRIVE_COUNT_HEADER);
  return [...others, { key: REDRIVE_COUNT_HEADER, value: Buffer.from(String(count)) }];
}

function parsed(bytes: Uint8Array): DeadLetterFacts | null {
  try {
    const facts = JSON.parse(Buffer.from(bytes).toString()) as DeadLetterFacts;
    return facts.version === 1 && typeof facts.connector === 'string' ? facts : null;
  } catch {
    return null;
  }
}

function fromConnect(headers: readonly RawHeader[]): DeadLetterFacts | null {
  const connector = text(headers, 'connector.name');
  const [topic, partition, offset] = [text(headers, 'topic'), text(headers, 'partition'), text(headers, 'offset')];
  if (connector === undefined || topic === undefined) return null;
  if (!/^\d{1,9}$/.test(partition ?? '') || !/^\d{1,19}$/.test(offset ?? '')) return null;
  return {
    version: 1,
    connector,
    task: Number(text(headers, 'task.id') ?? 0),
    form: 'sink',
    at: 0,
    stage: (text(headers, 'stage') ?? 'TASK_PUT') as ErrorStage,
    class: text(headers, 'class.name') ?? '',
    code: text(headers, 'exception.class.name') ?? '',
    message: text(headers, 'exception.message') ?? '',
    headers: headers.findIndex(({ key }) => key.startsWith(CONNECT)),
    topic,
    partition: Number(partition),
    offset: offset ?? '0',
  };
}

function text(headers: readonly RawHeader[], name: string): string | undefined {
  const value = headers.findLast(({ key }) => key === CONNECT + name)?.value;
  return value === undefined || value === null ? undefined : Buffer.from(value).toString();
}
