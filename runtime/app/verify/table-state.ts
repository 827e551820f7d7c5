import { FIELD_SEPARATOR, type SourceTruth, type TruthTable } from '../../connector/truth.ts';
import type { StructValue } from '../../record/value.ts';
import { hashedField, rowHash } from './canonical-text.ts';
import type { TableCopy, Uncompared } from './comparison.ts';
import {
  envelopeOf,
  formerKey,
  hasKey,
  keyTexts,
  placeholderText,
  readImage,
  type Envelope,
  type TableEvent,
} from './event-image.ts';
import { canBe, type OpenRow } from './open-row.ts';
import { FORMER_KEY, foreignRecords } from './uncompared.ts';
import type { Truncates } from './truncates.ts';

export interface StateOptions {
  /** Keep each row's fields: events leave out values that stayed as they were. */
  readonly fields?: boolean;
  /** All truncates of the topic; undefined: events come in the order of the source. */
  readonly truncates?: Truncates;
  /** Partitions of the topic. */
  readonly partitions?: number;
}

/** Another pass over the events is needed, with this option. */
export class PassNeeded extends Error {
  readonly option: 'fields' | 'truncates';

  constructor(option: 'fields' | 'truncates') {
    super(`another pass with ${option}`);
    this.option = option;
  }
}

/**
 * The rows of one table, rebuilt from its events in order. A table with a key holds one hash per
 * key; one without holds how often each hash occurs.
 */
export class TableState implements TableCopy {
  readonly table: TruthTable;
  readonly #truth: Pick<SourceTruth, 'includes' | 'event'>;
  readonly #options: StateOptions;
  readonly #rows = new Map<string, bigint>();
  readonly #counts = new Map<bigint, number>();
  readonly #fields = new Map<string, readonly string[]>();
  /** Rows whose last event left something out. */
  readonly #open = new Map<string, OpenRow>();
  /** The row deleted last: a key change deletes the old key, then creates the new one. */
  #removed: { readonly event: string; readonly fields: readonly string[] } | undefined;
  /** Keys of rows by a key that the table had when the record was written, and has no more. */
  readonly #former = new Map<string, string>();
  /** Records with a value, and those of them that are no change events. */
  #records = 0;
  #foreign = 0;
  /** Events left out because they are later than the compared position. */
  later = 0;

  constructor(table: TruthTable, truth: Pick<SourceTruth, 'includes' | 'event'>, options: StateOptions = {}) {
    this.table = table;
    this.#truth = truth;
    this.#options = options;
  }

  /** Throws {@link PassNeeded} where the options do not do. */
  apply(event: TableEvent): void {
    const envelope = envelopeOf(event.value);
    if (event.value.value === null) return; // a tombstone follows a delete
    this.#records++;
    if (envelope === null) {
      this.#foreign++;
      return;
    }
    if (!this.#truth.includes(envelope.source)) {
      this.later++;
      return;
    }
    if (this.#options.truncates?.undid(event.partition, event.offset, envelope.source) === true) return;
    switch (envelope.op) {
      case 'c':
      case 'r':
      case 'u':
        this.#put(event, envelope);
        return;
      case 'd':
        this.#remove(event, envelope);
        return;
      case 't':
        this.#truncate();
        return;
      default: // a logical message is no row
    }
  }

  get uncompared(): Uncompared | undefined {
    // Where a row lies in several partitions nothing tells which of its events came last.
    if (this.#former.size > 0 && (this.#options.partitions ?? 1) > 1) return FORMER_KEY;
    return foreignRecords(this.#foreign, this.#records);
  }

  get rows(): bigint {
    if (this.table.key.length > 0) return BigInt(this.#rows.size);
    let rows = 0;
    for (const count of this.#counts.values()) rows += count;
    return BigInt(rows);
  }

  get checksum(): bigint {
    let sum = 0n;
    for (const hash of this.#rows.values()) sum += hash;
    for (const [hash, count] of this.#counts) sum += hash * BigInt(count);
    return sum;
  }

  hashOf(key: string): bigint | undefined {
    return this.#rows.get(key);
  }

  keys(): Iterable<string> {
    return this.#rows.keys();
  }

  mayBe(key: string, hash: bigint): boolean {
    return canBe(this.#open.get(key), hash, (column) => this.#placeholder(column));
  }

  #truncate(): void {
    if (this.#options.truncates !== undefined) return; // what it emptied was not applied
    if ((this.#options.partitions ?? 1) > 1) throw new PassNeeded('truncates');
    this.#rows.clear();
    this.#counts.clear();
    this.#fields.clear();
    this.#open.clear();
  }

  #put(event: TableEvent, envelope: Envelope): void {
    const { table } = this;
    if (table.key.length === 0) {
      if (envelope.op === 'u') this.#count(rowHash(readImage(table, envelope, 'before').fields), -1);
      this.#count(rowHash(readImage(table, envelope, 'after').fields), 1);
      return;
    }
    const key = this.#keyOf(event, envelope, 'after');
    const { fields, open } = readImage(table, envelope, 'after', event.moved);
    if (open.length > 0) this.#complete(key, fields, open, event.moved && envelope.op === 'c', envelope.source);
    else this.#open.delete(key);
    this.#rows.set(key, rowHash(fields));
    if (this.#options.fields === true) this.#fields.set(key, fields);
  }

  /** Fills in what the event left out from the row as it was. */
  #complete(key: string, fields: string[], open: readonly number[], moved: boolean, source: StructValue): void {
    if (this.#options.fields !== true) throw new PassNeeded('fields');
    const event = this.#truth.event(source);
    const moving = event !== null && this.#removed?.event === event ? this.#removed.fields : undefined;
    const last = moved ? moving : this.#fields.get(key);
    const columns: number[] = [];
    for (const column of open) {
      const field = last?.[column];
      if (field === hashedField(null)) continue; // NULL is always sent: this is the placeholder's own text
      columns.push(column);
      fields[column] = field ?? hashedField(null);
    }
    if (columns.length > 0) this.#open.set(key, { fields, columns, unknown: moved && last === undefined });
    else this.#open.delete(key);
  }

  #remove(event: TableEvent, envelope: Envelope): void {
    if (this.table.key.length === 0) {
      this.#count(rowHash(readImage(this.table, envelope, 'before').fields), -1);
      return;
    }
    const key = this.#keyOf(event, envelope, 'before');
    const fields = this.#fields.get(key);
    const name = fields === undefined ? null : this.#truth.event(envelope.source);
    this.#removed = name === null || fields === undefined ? undefined : { event: name, fields };
    this.#forget(key);
  }

  /** The row's present key, also where the record was written when the table had another one. */
  #keyOf(event: TableEvent, envelope: Envelope, side: 'before' | 'after'): string {
    const key = keyTexts(this.table, event.key, envelope, side).join(FIELD_SEPARATOR);
    if (event.key === null || hasKey(this.table, event.key)) return key;
    const former = formerKey(event.key);
    const last = this.#former.get(former);
    if (side === 'before') return last ?? key;
    if (last !== undefined && last !== key) this.#forget(last);
    this.#former.set(former, key);
    return key;
  }

  #forget(key: string): void {
    this.#rows.delete(key);
    this.#fields.delete(key);
    this.#open.delete(key);
  }

  #count(hash: bigint, by: number): void {
    const count = (this.#counts.get(hash) ?? 0) + by;
    if (count === 0) this.#counts.delete(hash);
    else this.#counts.set(hash, count);
  }

  #placeholder(index: number): string {
    const column = this.table.columns[index];
    const { unavailable } = this.table;
    return hashedField(column === undefined || unavailable === undefined ? null : placeholderText(unavailable, column));
  }
}
