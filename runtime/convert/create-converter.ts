import { MillraceError } from '../record/error.ts';
import { BytesConverter } from './bytes-converter.ts';
import type { Converter, HeaderConverter } from './converter.ts';
import type { ConverterConfig } from './converter-options.ts';
import { JsonConverter } from './json-converter.ts';
import { PrimitiveConverter, type PrimitiveName } from './primitive-converter.ts';
import { SimpleHeaderConverter } from './simple-header-converter.ts';
import { StringConverter } from './string-converter.ts';

/** A converter class as `/connector-plugins` lists it. */
export interface ConverterClass {
  readonly className: string;
  /** What may be written instead. */
  readonly names: readonly string[];
  readonly create: (config: ConverterConfig) => Converter;
}

export const CONVERTERS: readonly ConverterClass[] = [
  {
    className: 'org.apache.kafka.connect.json.JsonConverter',
    names: ['json', 'JsonConverter'],
    create: (config) => new JsonConverter(config),
  },
  {
    className: 'org.apache.kafka.connect.storage.StringConverter',
    names: ['string', 'StringConverter'],
    create: (config) => new StringConverter(config),
  },
  {
    className: 'org.apache.kafka.connect.converters.ByteArrayConverter',
    names: ['bytes', 'ByteArrayConverter'],
    create: () => new BytesConverter(),
  },
  primitive('boolean', 'BooleanConverter'),
  primitive('short', 'ShortConverter'),
  primitive('integer', 'IntegerConverter'),
  primitive('long', 'LongConverter'),
  primitive('float', 'FloatConverter'),
  primitive('double', 'DoubleConverter'),
];

function primitive(type: PrimitiveName, simpleName: string): ConverterClass {
  return {
    className: `org.apache.kafka.connect.converters.${simpleName}`,
    names: [type, simpleName],
    create: () => new PrimitiveConverter(type),
  };
}

export const SIMPLE_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter';

/**
 * A converter for keys or values. `className`: a Java class name or a short name. `config` holds
 * the converter's own options, without their prefix. Throws `CONVERT_UNKNOWN` and `CONVERT_OPTION`,
 * `config` errors whose key is `key.converter`, `value.converter`, or an option after it.
 */
export function createConverter(className: string, config: ConverterConfig, isKey: boolean): Converter {
  const prefix = isKey ? 'key.converter' : 'value.converter';
  const found = CONVERTERS.find((known) => known.className === className || known.names.includes(className));
  if (found === undefined) throw unknown(prefix, className, CONVERTERS.map(({ names }) => names[0]).join(', '));
  return named(prefix, () => found.create(config));
}

/** A converter for header values, as {@link createConverter}: `simple` and the classes of keys and values. */
export function createHeaderConverter(className: string, config: ConverterConfig): HeaderConverter {
  const prefix = 'header.converter';
  if ([SIMPLE_HEADER_CONVERTER, 'simple', 'SimpleHeaderConverter'].includes(className)) {
    return new SimpleHeaderConverter();
  }
  const found = CONVERTERS.find((known) => known.className === className || known.names.includes(className));
  if (found === undefined) {
    throw unknown(prefix, className, ['simple', ...CONVERTERS.map(({ names }) => names[0])].join(', '));
  }
  const converter = named(prefix, () => found.create(config));
  return {
    encode: (topic, { schema, value }) => converter.encode(topic, { schema, value }),
    decode: (topic, { value }) => converter.decode(topic, value, []),
  };
}

/** What a worker uses that names no converter: JSON without schemas, which the schema header accompanies (D14). */
export function defaultConverter(): Converter {
  return new JsonConverter({}, false);
}

/** Names an option by its full key. */
function named<T>(prefix: string, create: () => T): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof MillraceError) || error.key === undefined) throw error;
    const { code, message, kind, key } = error;
    const text = (of: string) => of.replaceAll(key, `${prefix}.${key}`);
    throw new MillraceError(code, text(message), {
      kind,
      key: `${prefix}.${key}`,
      ...(error.remedy === undefined ? {} : { remedy: text(error.remedy) }),
    });
  }
}

function unknown(prefix: string, className: string, known: string): MillraceError {
  return new MillraceError('CONVERT_UNKNOWN', `${prefix}: no converter is called ${className}`, {
    kind: 'config',
    key: prefix,
    remedy: `Use one of ${known}, or the class name of Kafka Connect's converter of that kind.`,
  });
}
