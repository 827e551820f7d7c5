import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { Decimal } from '../../record/decimal.ts';
import type { Header } from '../../record/record.ts';
import { arrayOf, OPTIONAL_STRING } from '../../record/schema-builder.ts';
import type { Value } from '../../record/value.ts';
import { isMap, isStruct } from '../java-class.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import type { TransformKind } from '../transform.ts';
import { envelopeOf, rowOf } from './envelope.ts';

const options = optionSet('ExtractChangedRecordState', {
  'header.changed.name': option.string({
    doc: 'Header that lists the columns whose value changed.',
    importance: 'LOW',
    optional: true,
  }),
  'header.unchanged.name': option.string({
    doc: 'Header that lists the columns whose value did not change.',
    importance: 'LOW',
    optional: true,
  }),
});

export const extractChangedRecordState: TransformKind = {
  name: 'ExtractChangedRecordState',
  javaPackage: DEBEZIUM_TRANSFORMS,
  doc: 'Lists the columns that a change event changed, or left as they were, in headers.',
  options,
  sided: false,
  create: (config) => {
    const { 'header.changed.name': changed, 'header.unchanged.name': unchanged } = parseOptions(options, config);
    const headers = [changed, unchanged].map((key) => {
      return key === undefined || key.trim() === ''
        ? null
        : { key, schema: arrayOf(OPTIONAL_STRING, { optional: true, name: key }) };
    });
    return {
      apply: (record) => {
        const event = envelopeOf(record);
        if (event === null) return record;
        const names: [string[], string[]] = [[], []];
        const after = rowOf(event, 'after');
        const before = rowOf(event, 'before');
        if (after.value !== null && before.value !== null) {
          for (const { name } of after.schema.fields ?? []) {
            const same = isSame(after.value[name] ?? null, before.value[name] ?? null);
            names[same ? 1 : 0].push(name);
          }
        }
        const added = headers.flatMap((header, i): Header[] => {
          return header === null ? [] : [{ ...header, value: names[i] ?? [] }];
        });
        record.headers = [...record.headers, ...added];
        return record;
      },
    };
  },
};

function isSame(a: Value, b: Value): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Decimal) return b instanceof Decimal && a.scale === b.scale && a.unscaled === b.unscaled;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item as Value, b[i] as Value));
  }
  if (isMap(a)) {
    return (
      isMap(b) && a.size === b.size && [...a].every(([key, item]) => b.has(key) && isSame(item, b.get(key) ?? null))
    );
  }
  if (!isStruct(a) || !isStruct(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => isSame(a[name] ?? null, b[name] ?? null));
}
