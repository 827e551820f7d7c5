import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { placeOf } from '../record-errors.ts';
import { ChunkBuffer } from './chunk-buffer.ts';
import { compressedSuffix } from './compress.ts';
import type { Compression, Emit, FileEncoder, FileFormat } from './file-encoder.ts';

/** Values as bytes, a separator after each. */
export function byteArrays(options: {
  readonly extension: string;
  readonly separator: Uint8Array;
  readonly compression: Compression;
}): FileFormat {
  return {
    extension: `${options.extension}${compressedSuffix(options.compression)}`,
    compression: options.compression,
    encoder: (emit) => new ByteArrayEncoder(options.separator, emit),
  };
}

class ByteArrayEncoder implements FileEncoder {
  readonly #separator: Uint8Array;
  readonly #buffer: ChunkBuffer;

  constructor(separator: Uint8Array, emit: Emit) {
    this.#separator = separator;
    this.#buffer = new ChunkBuffer(emit);
  }

  get bufferedBytes(): number {
    return this.#buffer.bytes;
  }

  fits(): boolean {
    return true;
  }

  append(record: SinkRecord): void {
    const bytes = valueBytes(record);
    const { writer } = this.#buffer;
    writer.copy(bytes, 0, bytes.length);
    writer.copy(this.#separator, 0, this.#separator.length);
    this.#buffer.recordDone();
  }

  finish(): void {
    this.#buffer.finish();
  }
}

function valueBytes(record: SinkRecord): Uint8Array {
  if (record.tombstone) return new Uint8Array(0);
  if (record.encoding === 'bytes' && record.rawValue !== null) return record.rawValue;
  const { value } = record.value();
  if (value instanceof Uint8Array) return value;
  throw new MillraceError('S3_VALUE_NOT_BYTES', `${placeOf(record)}: the value is not bytes`, {
    kind: 'data',
    key: 'value.converter',
    remedy: 'Set value.converter=org.apache.kafka.connect.converters.ByteArrayConverter, or another format.class.',
  });
}
