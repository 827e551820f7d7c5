import type { PluginSummary } from '../cluster/catalog.ts';
import { option, optionSet, type OptionSet } from '../connector/options.ts';
import { VERSION } from './version.ts';

/** A converter by its Java class name and short names, with its options. Its code is not loaded. */
interface ConverterPlugin {
  readonly className: string;
  readonly names: readonly string[];
  readonly kind: 'converter' | 'header_converter';
  readonly options: OptionSet;
}

const converterType = option.oneOf(['key', 'value', 'header'], {
  doc: 'Accepted for compatibility; told by the key the converter is set under.',
  importance: 'LOW',
  optional: true,
});

const CONVERTERS: readonly ConverterPlugin[] = [
  {
    className: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    names: ['bytes', 'ByteArrayConverter'],
    kind: 'converter',
    options: optionSet('ByteArrayConverter', { 'converter.type': converterType }),
  },
  {
    className: 'org.apache.kafka.connect.json.JsonConverter',
    names: ['json', 'JsonConverter'],
    kind: 'converter',
    options: optionSet('JsonConverter', {
      'converter.type': converterType,
      'schemas.enable': option.boolean({
        doc: 'Whether each value is written with its schema.',
        group: 'Schemas',
        importance: 'HIGH',
        default: true,
      }),
      'schemas.cache.size': option.int({
        doc: 'Most schemas kept ready.',
        group: 'Schemas',
        importance: 'LOW',
        default: 1000,
        minimum: 0,
      }),
      'decimal.format': option.oneOf(['BASE64', 'NUMERIC'], {
        doc: 'How decimals are written: their bytes in base 64, or as numbers.',
        group: 'Serialization',
        importance: 'LOW',
        default: 'BASE64',
      }),
      'replace.null.with.default': option.boolean({
        doc: 'Whether a null of a field with a default is written as that default.',
        group: 'Schemas',
        importance: 'LOW',
        default: true,
      }),
    }),
  },
  {
    className: 'org.apache.kafka.connect.storage.StringConverter',
    names: ['string', 'StringConverter'],
    kind: 'converter',
    options: optionSet('StringConverter', {
      'converter.type': converterType,
      'converter.encoding': option.string({ doc: 'Encoding of the text.', importance: 'LOW', default: 'UTF-8' }),
    }),
  },
  {
    className: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    names: ['simple', 'SimpleHeaderConverter'],
    kind: 'header_converter',
    options: optionSet('SimpleHeaderConverter', { 'converter.type': converterType }),
  },
];

export function listConverters(): readonly PluginSummary[] {
  return CONVERTERS.map(({ className, names, kind }) => ({ className, aliases: names, kind, version: VERSION }));
}

/** Headers may be converted by any converter. */
export function findConverter(kind: 'converter' | 'header_converter', className: string): OptionSet | null {
  const found = CONVERTERS.find(
    (one) =>
      (one.className === className || one.names.includes(className)) &&
      (kind === 'header_converter' || one.kind === kind),
  );
  return found?.options ?? null;
}
