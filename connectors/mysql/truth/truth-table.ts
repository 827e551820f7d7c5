import { createHash } from 'node:crypto';
import {
  FIELD_SEPARATOR,
  LONG_TEXT_BYTES,
  type TruthColumn,
  type TruthTable,
} from '../../../runtime/connector/truth.ts';
import type { Schema } from '../../../runtime/record/schema.ts';
import { tableName, type Column } from '../catalog/table.ts';
import type { Connection, RowSink } from '../connection.ts';
import type { TableRows } from '../row/table-rows.ts';
import type { TypeOptions } from '../type/options.ts';
import { selectSql } from '../snapshot/table-select.ts';
import type { PayloadReader } from '../wire/payload-reader.ts';
import { canonicalColumn, type CanonicalColumn } from './canonical-text.ts';
import { missingText } from './missing-text.ts';

/** A compared column, and where its cell is in a row. */
interface Compared extends TruthColumn {
  readonly cell: number;
  readonly canonical: CanonicalColumn;
}

interface HashedRow {
  readonly key: string;
  readonly hash: bigint;
}

/** Rows that wait for whoever compares them (I7). */
const QUEUED = 5000;

/** One table as the reader's snapshot has it; its rows are read as often as they are asked for, and hashed here. */
export function truthTable(rows: TableRows, topic: string, types: TypeOptions, reader: Connection): TruthTable {
  const { table } = rows;
  const columns: Compared[] = [];
  const notCompared: { name: string; reason: string }[] = [];
  for (const { name, cell, schema } of rows.columns) {
    const column = table.columns[cell];
    if (column === undefined) continue;
    const canonical = canonicalColumn(column, types);
    const reason = canonical === undefined ? `no canonical text for type ${column.type}` : lossy(column, schema, types);
    if (canonical === undefined || reason !== undefined) {
      notCompared.push({ name, reason: reason ?? '' });
      continue;
    }
    const { form } = canonical;
    columns.push({
      name,
      form,
      schema,
      missing: missingText(column, canonical),
      mayBeLeftOut: false,
      cell,
      canonical,
    });
  }
  const key = rows.key.map(({ name }) => name);
  const keys = key.flatMap((name) => columns.filter((column) => column.name === name));
  const comparable = keys.length === key.length;
  const read = (): AsyncGenerator<HashedRow> => readRows(rows, columns, comparable ? keys : [], reader);
  return {
    name: tableName(table),
    topic,
    key: comparable ? key : [],
    columns,
    notCompared,
    totals: async () => {
      let count = 0n;
      let checksum = 0n;
      for await (const { hash } of read()) {
        count++;
        checksum += hash;
      }
      return { rows: count, checksum };
    },
    rows: read,
  };
}

async function* readRows(
  rows: TableRows,
  columns: readonly Compared[],
  keys: readonly Compared[],
  reader: Connection,
): AsyncGenerator<HashedRow> {
  const sink = new HashedRows(rows.table.columns.length, columns, keys);
  const stop = new AbortController();
  const sql = selectSql(rows.table);
  const reading = reader.rows(`reading ${tableName(rows.table)} to verify it`, sql, sink, stop.signal).finally(() => {
    sink.end();
  });
  // A failure is told where its rows are waited for, below.
  reading.catch(() => undefined);
  try {
    for (let part = await sink.take(); part.length > 0; part = await sink.take()) yield* part;
    await reading;
  } finally {
    stop.abort(new Error('nobody compares any more'));
  }
}

class HashedRows implements RowSink {
  #rows: HashedRow[] = [];
  #ended = false;
  #wake = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();
  readonly #at: Int32Array;
  readonly #length: Int32Array;
  readonly #columns: readonly Compared[];
  readonly #keys: readonly Compared[];

  constructor(width: number, columns: readonly Compared[], keys: readonly Compared[]) {
    this.#at = new Int32Array(width);
    this.#length = new Int32Array(width);
    this.#columns = columns;
    this.#keys = keys;
  }

  get full(): boolean {
    return this.#rows.length >= QUEUED;
  }

  columns(): void {
    // As many as the table has: the SELECT names them.
  }

  row(packet: PayloadReader): void {
    for (let i = 0; i < this.#at.length; i++) {
      const length = packet.lengthEncoded();
      this.#length[i] = length;
      this.#at[i] = length < 0 ? 0 : packet.skip(length);
    }
    const text = ({ cell, canonical }: Compared): string | null => {
      const length = this.#length[cell] ?? -1;
      return length < 0 ? null : canonical.text(packet.bytes, this.#at[cell] ?? 0, length);
    };
    const hash = createHash('md5');
    for (const column of this.#columns) hash.update(field(text(column)));
    const key = this.#keys.map((column) => text(column) ?? '').join(FIELD_SEPARATOR);
    this.#rows.push({ key, hash: BigInt(`0x${hash.digest('hex').slice(0, 15)}`) });
    if (this.full) this.#wake.resolve();
  }

  room(): Promise<void> {
    return this.full ? this.#room.promise : Promise.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  /** Rows that were read; none: there are no more. */
  async take(): Promise<readonly HashedRow[]> {
    if (!this.full && !this.#ended) await this.#wake.promise;
    const rows = this.#rows;
    this.#rows = [];
    this.#wake = Promise.withResolvers<void>();
    const room = this.#room;
    this.#room = Promise.withResolvers<void>();
    room.resolve();
    return rows;
  }
}

function field(text: string | null): string {
  if (text === null) return 'n';
  const length = Buffer.byteLength(text);
  return length > LONG_TEXT_BYTES ? `m${createHash('md5').update(text).digest('hex')}` : `${length}:${text}`;
}

/** Why events do not show the whole value; undefined: they do. */
function lossy(column: Column, { parameters }: Schema, types: TypeOptions): string | undefined {
  if (parameters?.['masked'] !== undefined) return 'masked';
  if (parameters?.['truncateLength'] !== undefined) return `truncated to ${parameters['truncateLength']} characters`;
  if (column.type === 'decimal' && types.decimal === 'double') return 'decimal.handling.mode=double';
  const bytes = ['binary', 'varbinary', 'blob'].includes(column.type);
  if (bytes && (types.binary === 'hex' || types.binary === 'base64-url-safe')) {
    return `binary.handling.mode=${types.binary}`;
  }
  const temporal = ['date', 'time', 'datetime'].includes(column.type);
  if (temporal && (types.time === 'isostring' || types.time === 'connect')) return `time.precision.mode=${types.time}`;
  return undefined;
}
