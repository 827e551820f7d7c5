import type { SourceRecord, SourceTask } from '../../connector/source.ts';
import { JsonConverter } from '../../convert/json-converter.ts';
import { MillraceError } from '../../record/error.ts';
import type { Header } from '../../record/record.ts';
import { primitive } from '../../record/schema-builder.ts';
import { messageOf } from '../../record/thrown.ts';
import { originalHeaders, REDRIVE_COUNT_HEADER, redriveCount } from '../error/dead-letter-facts.ts';
import type { StoredDeadLetter } from '../redrive/dead-letter-log.ts';
import type { TaskConverters } from '../task-converters.ts';
import { encodable, fromRow } from './chain-record.ts';
import { originOf, rowOf } from './kept-row.ts';
import type { FailedRecord } from './source-rejects.ts';

/** On a redriven record: where the source read it, as JSON. */
const SOURCE_HEADER = 'millrace.source';

/** What a dead letter of a source gives when it is read again. */
export type ReadLetter =
  | { readonly records: readonly SourceRecord[]; readonly passesChain: boolean }
  /** Nobody can read it. */
  | { readonly unsupported: string }
  /** It cannot be read: still the dead letter that it was, by this error. */
  | { readonly failed: FailedRecord };

/**
 * A source's dead letters as records again: kept records as they are, raw cells through the layout that
 * the connector makes of its present options, raw bytes through the connector's own code.
 */
export class SourceLetters {
  readonly #converters: TaskConverters;
  readonly #task: SourceTask;
  readonly #json = new JsonConverter({ 'schemas.enable': 'true' });

  constructor(converters: TaskConverters, task: SourceTask) {
    this.#converters = converters;
    this.#task = task;
  }

  async read(letter: StoredDeadLetter): Promise<ReadLetter> {
    const { form, stage } = letter.facts;
    if (form !== 'cells' && form !== 'raw') {
      return { records: [this.#kept(letter)], passesChain: stage === 'TRANSFORMATION' };
    }
    try {
      const records = form === 'cells' ? this.#decoded(letter) : await this.#revived(letter);
      if (typeof records === 'string') return { unsupported: records };
      return { records: records.map((record) => this.#marked(letter, record)), passesChain: true };
    } catch (error) {
      return { failed: this.#failed(letter, form, error) };
    }
  }

  #decoded({ value, timestampMs }: StoredDeadLetter): readonly SourceRecord[] | string {
    const bytes = value ?? new Uint8Array(0);
    const origin = originOf(bytes);
    const { layout } = this.#task;
    if (origin === null || layout === undefined) {
      return 'these are raw cells of a row, and the connector cannot say what they mean';
    }
    const made = layout.call(this.#task, origin);
    const { partition, ...record } = encodable(fromRow(rowOf(bytes, made, timestampMs), 0, made));
    return [{ ...record, ...(partition === undefined ? {} : { partition }), timestampMs }];
  }

  async #revived({ value, facts }: StoredDeadLetter): Promise<readonly SourceRecord[] | string> {
    const { revive } = this.#task;
    if (revive === undefined) return 'these are bytes that the source could not read, and it reads none again';
    const source = facts.source ?? { partition: {}, offset: {} };
    return revive.call(this.#task, { raw: value ?? new Uint8Array(0), source });
  }

  #kept({ facts, key, value, timestampMs, headers }: StoredDeadLetter): SourceRecord {
    const topic = facts.topic ?? '';
    return {
      topic,
      key: key === null ? null : this.#json.decode(topic, key, []),
      value: value === null ? null : this.#json.decode(topic, value, []),
      headers: [...this.#own(topic, headers), ...marks({ facts, headers })],
      timestampMs,
      ...(facts.source === undefined ? {} : { source: facts.source }),
    };
  }

  /** Its headers without those of an earlier redrive. */
  #own(topic: string, headers: StoredDeadLetter['headers']): Header[] {
    const own = originalHeaders(headers).filter(({ key }) => key !== REDRIVE_COUNT_HEADER && key !== SOURCE_HEADER);
    return own.map((one) => ({ key: one.key, ...this.#converters.header.decode(topic, one) }));
  }

  #marked(letter: StoredDeadLetter, record: SourceRecord): SourceRecord {
    const { source } = letter.facts;
    const headers = [...(record.headers ?? []), ...marks(letter)];
    return { ...record, headers, ...(source === undefined ? {} : { source }) };
  }

  /** What the other side will do later is not for the dead letter to bear. */
  #failed(letter: StoredDeadLetter, form: 'cells' | 'raw', cause: unknown): FailedRecord {
    const known = cause instanceof MillraceError ? cause : undefined;
    if (known !== undefined && ['unavailable', 'throttled', 'busy', 'closed', 'fenced'].includes(known.kind))
      throw known;
    const message = messageOf(cause);
    const { facts, key, value, timestampMs } = letter;
    const topic = facts.topic ?? '';
    const record = {
      topic,
      key: key === null ? null : this.#json.decode(topic, key, []),
      value: null,
      headers: marks(letter),
      timestampMs,
      ...(facts.source === undefined ? {} : { source: facts.source }),
    };
    return {
      record,
      stage: 'TASK_POLL',
      className: facts.class,
      error: new MillraceError(known?.code ?? 'TASK_RECORD_UNREADABLE', message, { kind: 'data', cause }),
      kept: { form, bytes: value ?? new Uint8Array(0) },
    };
  }
}

function marks({ facts, headers }: Pick<StoredDeadLetter, 'facts' | 'headers'>): Header[] {
  const made = [textHeader(REDRIVE_COUNT_HEADER, String(redriveCount(headers) + 1))];
  if (facts.source !== undefined) made.push(textHeader(SOURCE_HEADER, JSON.stringify(facts.source)));
  return made;
}

function textHeader(key: string, value: string): Header {
  return { key, schema: primitive('string'), value };
}
