import { option, optionSet, parseOptions } from '../../connector/options.ts';
import type { Schema } from '../../record/schema.ts';
import type { StructValue, Value } from '../../record/value.ts';
import { fieldOf, type FieldPath } from '../field-path.ts';
import { isStruct } from '../java-class.ts';
import { wrongOption } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';
import { envelopeOf } from './envelope.ts';
import { javaHash } from './java-hash.ts';
import { murmur3, murmur3Int, murmur3Text } from './murmur3.ts';

const options = optionSet('PartitionRouting', {
  'partition.payload.fields': option.list({
    doc: 'Fields of the event that tell the partition: after.name, source.table; change.name is that of the row after, of a delete before.',
    importance: 'HIGH',
  }),
  'partition.topic.num': option.int({ doc: 'Partitions of the topic.', importance: 'HIGH', minimum: 1 }),
  'partition.hash.function': option.oneOf(['java', 'murmur'], {
    doc: 'How values are made numbers.',
    importance: 'LOW',
    default: 'java',
  }),
});

export const partitionRouting: TransformKind = {
  name: 'PartitionRouting',
  javaPackage: 'io.debezium.transforms.partitions',
  doc: 'Chooses the topic partition by fields of the change event.',
  options,
  sided: false,
  create: (config) => {
    const parsed = parseOptions(options, config);
    const fields = parsed['partition.payload.fields'];
    if (fields.length === 0 || fields.includes('')) {
      throw wrongOption('partition.payload.fields', 'Empty string element(s) not permitted: partition.payload.fields');
    }
    const paths = fields.map((field) => field.split('.').map((step) => step.trim()));
    const count = parsed['partition.topic.num'];
    const hash = parsed['partition.hash.function'] === 'java' ? javaHash : murmurHash;
    return {
      apply: (record) => {
        const event = envelopeOf(record);
        if (event === null) return record;
        const { op } = event.value;
        if (op === 't' || op === 'm') return record;
        let sum: number | null = null;
        for (const path of paths) {
          const found = fieldAt(event.schema, event.value, path);
          if (found !== null) sum = ((sum ?? 0) + hash(found.schema, found.value)) | 0;
        }
        if (sum !== null) record.partition = partitionOf(sum, count);
        return record;
      },
    };
  },
};

function murmurHash(schema: Schema | null, value: Value): number {
  if (typeof value === 'string') return murmur3Text(value);
  if (value instanceof Uint8Array) return murmur3(value);
  return murmur3Int(javaHash(schema, value));
}

function partitionOf(sum: number, count: number): number {
  const positive = sum & 0x7fff_ffff;
  return positive === 0x7fff_ffff ? 0 : positive % count;
}

/** null: there is no such field, or it is null: it does not count. */
function fieldAt(
  envelope: Schema,
  event: StructValue,
  path: FieldPath,
): { readonly schema: Schema; readonly value: Value } | null {
  let schema: Schema = envelope;
  let value: Value = event;
  for (const [i, step] of path.entries()) {
    if (!isStruct(value)) return null;
    const name = step === 'change' && i < path.length - 1 ? (event['op'] === 'd' ? 'before' : 'after') : step;
    const own = fieldOf(schema, name);
    if (own === undefined) return null;
    schema = own;
    value = value[name] ?? own.defaultValue ?? null;
  }
  return value === null ? null : { schema, value };
}
