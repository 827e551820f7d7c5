import { MillraceError } from '../../../runtime/record/error.ts';
import type { Collations } from '../catalog/charset.ts';
import { tableName, type Table } from '../catalog/table.ts';
import type { Family } from '../row/source-block.ts';
import { PayloadReader } from '../wire/payload-reader.ts';
import { FIELD, isCharacter, isNumeric } from './field-type.ts';
import { mapColumn, type RawColumn } from './map-column.ts';

/** Kinds of optional metadata (`Table_map_event::Optional_metadata_field_type`). */
const METADATA = {
  signedness: 1,
  defaultCharset: 2,
  columnCharset: 3,
  columnName: 4,
  setLabels: 5,
  enumLabels: 6,
  geometryType: 7,
  simpleKey: 8,
  prefixKey: 9,
  labelDefaultCharset: 10,
  labelColumnCharset: 11,
} as const;

/** A TABLE_MAP event's fixed part. */
export interface TableMapHead {
  readonly id: number;
  readonly database: string;
  readonly name: string;
}

/** Who wrote it. */
export interface MapWriter {
  readonly family: Family;
  readonly collations: Collations;
}

/** `id:u48 flags:u16 database table …`; the reader stands behind the event header. */
export function readTableMapHead(reader: PayloadReader): TableMapHead {
  const id = reader.u48();
  reader.skip(2);
  reader.skip(1);
  const database = reader.cString();
  reader.skip(1);
  return { id, database, name: reader.cString() };
}

/** A TABLE_MAP event. */
export interface TableMap {
  readonly head: TableMapHead;
  readonly columns: readonly RawColumn[];
  readonly key: readonly number[];
}

/**
 * The rest of a TABLE_MAP event: with `binlog_row_metadata=FULL` all there is to know of a table but its
 * defaults, without it neither names nor signs nor character sets.
 *
 *     count types:u8* metadata-length metadata null-bits { kind:u8 length value }*
 */
export function readTableMap(reader: PayloadReader, head: TableMapHead, writer: MapWriter): TableMap {
  const count = reader.lengthEncoded();
  const types = reader.copy(count);
  const metadata = new PayloadReader(reader.copy(reader.lengthEncoded()));
  const nullBits = reader.copy((count + 7) >> 3);
  const raw = Array.from({ length: count }, (_, i): RawColumn => {
    const column = readMetadata(types[i] ?? 0, metadata);
    column.notNull = ((nullBits[i >> 3] ?? 0) & (1 << (i & 7))) === 0;
    return column;
  });
  const optional = new OptionalMetadata(raw, writer, head);
  while (reader.left > 0) {
    const kind = reader.u8();
    optional.read(kind, new PayloadReader(reader.copy(reader.lengthEncoded())));
  }
  return { head, columns: raw, key: optional.key };
}

/** Whether the map says what its columns are. */
export function isDescribed({ columns }: TableMap): boolean {
  return columns.length === 0 || columns.some(({ name }) => name !== '');
}

/** The table of a map with full metadata; throws a `config` error for any other. */
export function mappedTable(map: TableMap): Table {
  const { head, columns, key } = map;
  if (!isDescribed(map)) throw notFull(head);
  return {
    database: head.database,
    name: head.name,
    columns: columns.map((column) => mapColumn(column, head)),
    key,
  };
}

/** Type-dependent bytes, and the real type that `string` hides. */
function readMetadata(type: number, reader: PayloadReader): RawColumn {
  const column: RawColumn = {
    type,
    first: 0,
    second: 0,
    name: '',
    notNull: false,
    unsigned: false,
    labels: [],
    geometry: 0,
  };
  switch (type) {
    case FIELD.float:
    case FIELD.double:
    case FIELD.tinyBlob:
    case FIELD.mediumBlob:
    case FIELD.longBlob:
    case FIELD.blob:
    case FIELD.blobCompressed:
    case FIELD.geometry:
    case FIELD.json:
    case FIELD.vector:
    case FIELD.timestamp2:
    case FIELD.datetime2:
    case FIELD.time2:
      column.first = reader.u8();
      break;
    case FIELD.varchar:
    case FIELD.varString:
    case FIELD.varcharCompressed:
      column.first = reader.u16();
      break;
    case FIELD.bit:
    case FIELD.newDecimal:
      column.first = reader.u8();
      column.second = reader.u8();
      break;
    case FIELD.string:
    case FIELD.enum:
    case FIELD.set: {
      const high = reader.u8();
      const low = reader.u8();
      // Lengths over 255 have their upper two bits, turned around, in the type.
      const extended = high !== 0 && (high & 0x30) !== 0x30;
      column.type = extended ? high | 0x30 : high === 0 ? FIELD.string : high;
      column.first = extended ? low | (((high & 0x30) ^ 0x30) << 4) : low;
      break;
    }
    default:
  }
  return column;
}

class OptionalMetadata {
  key: readonly number[] = [];
  readonly #columns: readonly RawColumn[];
  readonly #writer: MapWriter;
  readonly #head: TableMapHead;

  constructor(columns: readonly RawColumn[], writer: MapWriter, head: TableMapHead) {
    this.#columns = columns;
    this.#writer = writer;
    this.#head = head;
  }

  read(kind: number, reader: PayloadReader): void {
    switch (kind) {
      case METADATA.signedness:
        for (const [i, column] of this.#columns.filter(({ type }) => isNumeric(type)).entries()) {
          column.unsigned = ((reader.bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0;
        }
        return;
      case METADATA.columnName:
        for (const column of this.#columns) column.name = reader.lengthText();
        return;
      case METADATA.defaultCharset:
        return this.#defaultCharset(reader, this.#texts());
      case METADATA.columnCharset:
        return this.#columnCharsets(reader);
      case METADATA.labelDefaultCharset:
        return this.#defaultCharset(reader, this.#labelled());
      case METADATA.labelColumnCharset:
        for (const column of this.#labelled()) column.charset = this.#charset(reader.lengthEncoded());
        return;
      case METADATA.setLabels:
        return this.#labels(reader, FIELD.set);
      case METADATA.enumLabels:
        return this.#labels(reader, FIELD.enum);
      case METADATA.geometryType:
        for (const column of this.#columns)
          if (column.type === FIELD.geometry) column.geometry = reader.lengthEncoded();
        return;
      case METADATA.simpleKey:
        this.key = all(reader);
        return;
      case METADATA.prefixKey:
        this.key = all(reader).filter((_, i) => i % 2 === 0);
        return;
      default:
      // Visibility, vector dimensions, and what later versions add: not needed to read a row.
    }
  }

  #texts(): RawColumn[] {
    const geometry = this.#writer.family === 'mariadb';
    return this.#columns.filter(({ type }) => isCharacter(type, geometry));
  }

  #labelled(): RawColumn[] {
    return this.#columns.filter(({ type }) => type === FIELD.enum || type === FIELD.set);
  }

  /** One character set for all, and pairs of place and character set for those that differ. */
  #defaultCharset(reader: PayloadReader, columns: readonly RawColumn[]): void {
    const usual = this.#charset(reader.lengthEncoded());
    for (const column of columns) column.charset = usual;
    const pairs = all(reader);
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const column = columns[pairs[i] ?? -1];
      if (column === undefined) throw broken(this.#head, 'a character set of no column');
      column.charset = this.#charset(pairs[i + 1] ?? 0);
    }
  }

  #columnCharsets(reader: PayloadReader): void {
    const ids = all(reader);
    const columns = this.#texts();
    if (columns.length !== ids.length) throw broken(this.#head, `${ids.length} character sets`);
    for (const [i, column] of columns.entries()) column.charset = this.#charset(ids[i] ?? 0);
  }

  #labels(reader: PayloadReader, type: number): void {
    for (const column of this.#columns) {
      if (column.type !== type) continue;
      const count = reader.lengthEncoded();
      column.labels = Array.from({ length: count }, () => reader.copy(reader.lengthEncoded()));
    }
  }

  #charset(id: number): string {
    const charset = this.#writer.collations.get(id);
    if (charset === undefined) throw broken(this.#head, `collation ${id}, which the server does not know`);
    return charset;
  }
}

function all(reader: PayloadReader): number[] {
  const numbers: number[] = [];
  while (reader.left > 0) numbers.push(reader.lengthEncoded());
  return numbers;
}

function notFull(head: TableMapHead): MillraceError {
  return new MillraceError('MYSQL_ROW_METADATA', `the binlog has no column names for ${tableName(head)}`, {
    kind: 'config',
    key: 'database.hostname',
    remedy:
      'SET GLOBAL binlog_row_metadata = FULL; (SET PERSIST on MySQL 8), then alter the offset to a place behind it.',
  });
}

function broken(head: TableMapHead, what: string): MillraceError {
  return new MillraceError('MYSQL_TABLE_MAP', `the binlog’s description of ${tableName(head)} has ${what}`, {
    kind: 'corrupt',
    remedy: 'Report it with the server version and SHOW CREATE TABLE.',
  });
}
