import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { writeColumn } from 'hyparquet-writer/src/column.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import { placeOf } from '../record-errors.ts';
import type { Emit, FileEncoder, FileFormat } from './file-encoder.ts';
import type { LeafColumn } from './parquet-columns.ts';
import { EnvelopeColumns } from './parquet-envelope.ts';
import { ParquetSlot } from './parquet-slot.ts';

interface ParquetOptions {
  /** Columns topic, partition, offset, timestamp, key, value, headers instead of the value's fields. */
  readonly envelope: boolean;
  readonly codec: 'none' | 'snappy' | 'gzip' | 'zstd';
  /** Record bytes gathered before a row group is written. */
  readonly rowGroupBytes: number;
}

const CODECS = { none: 'UNCOMPRESSED', snappy: 'SNAPPY', gzip: 'GZIP', zstd: 'ZSTD' } as const;
const EXTENSIONS = { none: '', snappy: '.snappy', gzip: '.gz', zstd: '.zstd' } as const;
/** Memory of gathered columns, as a multiple of the records' bytes. */
const COLUMN_FACTOR = 6;
const MAX_ROWS = 131_072;
const PAGE_BYTES = 1_048_576;
const ZSTD_LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
const COMPRESSORS = {
  SNAPPY: snappyCompress,
  GZIP: (input: Uint8Array): Uint8Array => gzipSync(input),
  ZSTD: (input: Uint8Array): Uint8Array => zstdCompressSync(input, ZSTD_LEVEL),
};

/** Apache Parquet, typed by the records' schemas. `.snappy.parquet`, `.parquet` without a codec. */
export function parquet(options: ParquetOptions): FileFormat {
  return {
    extension: `${EXTENSIONS[options.codec]}.parquet`,
    compression: { type: 'none', level: -1 },
    encoder: (emit) => new ParquetEncoder(options, emit),
  };
}

/** The parts of the record at hand: decoded once, for `fits` and `append`. */
interface Peeked {
  readonly record: SinkRecord;
  readonly key: Datum;
  readonly value: Datum;
}

const NOTHING: Datum = { schema: null, value: null };

/** Gathers columns until a row group is full; row group boundaries depend on the records alone, but under memory pressure. */
class ParquetEncoder implements FileEncoder {
  readonly #options: ParquetOptions;
  readonly #emit: Emit;
  readonly #output = new ByteWriter(65_536);
  readonly #envelope: EnvelopeColumns | null;
  readonly #key = new ParquetSlot('key', false);
  readonly #value: ParquetSlot;
  #writer: ParquetWriter | null = null;
  #peeked: Peeked | null = null;
  #rows = 0;
  #bytes = 0;

  constructor(options: ParquetOptions, emit: Emit) {
    this.#options = options;
    this.#emit = emit;
    this.#envelope = options.envelope ? new EnvelopeColumns() : null;
    this.#value = new ParquetSlot('value', !options.envelope);
  }

  get bufferedBytes(): number {
    return this.#bytes * COLUMN_FACTOR;
  }

  fits(record: SinkRecord): boolean {
    const { key, value } = this.#peek(record);
    const frozen = this.#writer !== null;
    return this.#value.fits(value, frozen) && this.#key.fits(key, frozen);
  }

  append(record: SinkRecord): void {
    const { key, value } = this.#peek(record);
    try {
      if (value.schema !== null && this.#value.schema === null) this.#value.learn(value.schema, this.#rows);
      if (key.schema !== null && this.#key.schema === null) this.#key.learn(key.schema, this.#rows);
      this.#shred(record, key, value);
    } catch (error) {
      throw notWritable(record, error);
    }
    this.#peeked = null;
    this.#rows++;
    this.#bytes += (record.rawKey?.length ?? 0) + (record.rawValue?.length ?? 0) + 16;
    if (this.#bytes >= this.#options.rowGroupBytes || this.#rows >= MAX_ROWS) this.#writeRowGroup();
  }

  /** A row group before its time. Not while the value's schema is unknown: the file could not learn it afterwards. */
  relieve(): void {
    if (this.#rows > 0 && this.#value.schema !== null) this.#writeRowGroup();
  }

  finish(): void {
    if (this.#rows > 0) this.#writeRowGroup();
    // The writer has no asynchronous parts with this output.
    void this.#writer?.finish();
    this.#forward();
  }

  #peek(record: SinkRecord): Peeked {
    if (this.#peeked?.record === record) return this.#peeked;
    const value = record.tombstone ? NOTHING : schemaOf(record, record.value(), 'value');
    const key = this.#envelope === null || record.rawKey === null ? NOTHING : schemaOf(record, record.key(), 'key');
    this.#peeked = { record, key, value };
    return this.#peeked;
  }

  /** All columns take the row, or none does. */
  #shred(record: SinkRecord, key: Datum, value: Datum): void {
    const leaves = this.#leaves();
    for (const leaf of leaves) leaf.mark = leaf.values.length;
    try {
      this.#envelope?.shred(record);
      if (this.#key.schema !== null) this.#key.shred(key.value);
      if (this.#value.schema !== null) this.#value.shred(value.value);
    } catch (error) {
      for (const leaf of leaves) takeBack(leaf);
      throw error;
    }
  }

  #cachedLeaves: readonly LeafColumn[] = [];
  #cachedFor: readonly unknown[] = [];

  /** In the order of the file's schema. */
  #leaves(): readonly LeafColumn[] {
    if (this.#cachedFor[0] !== this.#key.schema || this.#cachedFor[1] !== this.#value.schema) {
      this.#cachedFor = [this.#key.schema, this.#value.schema];
      this.#cachedLeaves = [...(this.#envelope?.leaves ?? []), ...this.#key.leaves, ...this.#value.leaves];
    }
    return this.#cachedLeaves;
  }

  #schema(): SchemaElement[] {
    const envelope = this.#envelope;
    const count = (envelope?.columns ?? 0) + this.#key.columns + this.#value.columns;
    return [
      { name: 'root', num_children: count },
      ...(envelope?.elements ?? []),
      ...this.#key.elements,
      ...this.#value.elements,
    ];
  }

  #writeRowGroup(): void {
    this.#writer ??= new ParquetWriter({
      writer: this.#output,
      schema: this.#schema(),
      codec: CODECS[this.#options.codec],
      compressors: COMPRESSORS,
      createdBy: 'millrace',
    });
    const results = this.#leaves().map((leaf) => this.#writeLeaf(leaf));
    const columns = results.map((result) => result.chunk);
    this.#writer.pendingIndexes.push(...results);
    this.#writer.num_rows += BigInt(this.#rows);
    this.#writer.row_groups.push({
      columns,
      num_rows: BigInt(this.#rows),
      total_byte_size: columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n), 0n),
    });
    this.#rows = 0;
    this.#bytes = 0;
    this.#forward();
  }

  #writeLeaf(leaf: LeafColumn): ReturnType<typeof writeColumn> {
    const element = leaf.path.at(-1);
    if (element === undefined) throw new RangeError('a column without a path');
    const result = writeColumn({
      writer: this.#output,
      column: {
        columnName: leaf.path.map((part) => part.name).join('.'),
        element,
        schemaPath: [{ name: 'root' }, ...leaf.path],
        codec: CODECS[this.#options.codec],
        compressors: COMPRESSORS,
        stats: true,
        pageSize: PAGE_BYTES,
        columnIndex: false,
        offsetIndex: true,
      },
      pageData: {
        values: leaf.values,
        definitionLevels: leaf.definitions,
        repetitionLevels: leaf.repetitions,
        maxDefinitionLevel: leaf.maxDefinition,
      },
    });
    leaf.values = [];
    leaf.definitions = [];
    leaf.repetitions = [];
    return result;
  }

  /** Hands on what was written; the output's position in the file goes on. */
  #forward(): void {
    if (this.#output.index === 0) return;
    this.#emit(Buffer.from(this.#output.getBytes()));
    this.#output.index = 0;
  }
}

function takeBack(leaf: LeafColumn): void {
  leaf.values.length = leaf.mark;
  if (leaf.maxDefinition > 0) leaf.definitions.length = leaf.mark;
  if (leaf.maxRepetition > 0) leaf.repetitions.length = leaf.mark;
}

function schemaOf(record: SinkRecord, datum: Datum, part: 'key' | 'value'): Datum {
  if (datum.schema !== null || (datum.value === null && part === 'key')) return datum;
  throw new MillraceError('S3_PARQUET_SCHEMA_MISSING', `${placeOf(record)}: no schema is known for the ${part}`, {
    kind: 'data',
    key: `${part}.converter`,
    remedy:
      'Let the source send schemas: millrace.schema.header=true (the default) at its connector, or a converter with ' +
      `schemas at both ends (${part}.converter.schemas.enable=true); or use format.class=JsonFormat.`,
  });
}

function notWritable(record: SinkRecord, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError('S3_PARQUET_VALUE_INVALID', `${placeOf(record)}: ${messageOf(error)}`, {
    kind: 'data',
    key: 'format.class',
    remedy: 'Compare the record with its schema, or use format.class=JsonFormat.',
    cause: error,
  });
}
