import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { placeOf } from '../record-errors.ts';
import { ChunkEncoder, type RecordWriter } from './chunk-encoder.ts';
import { compressedSuffix } from './compress.ts';
import type { Compression, FileFormat } from './file-encoder.ts';

/** Values as bytes, a separator after each. */
export function byteArrays(options: {
  readonly extension: string;
  readonly separator: Uint8Array;
  readonly compression: Compression;
}): FileFormat {
  const { separator } = options;
  const write: RecordWriter = (record, writer) => {
    const bytes = valueBytes(record);
    writer.copy(bytes, 0, bytes.length);
    writer.copy(separator, 0, separator.length);
  };
  return {
    extension: `${options.extension}${compressedSuffix(options.compression)}`,
    compression: options.compression,
    encoder: (emit) => new ChunkEncoder(write, emit),
  };
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
