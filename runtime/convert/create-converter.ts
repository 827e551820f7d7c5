import { MillraceError } from '../record/error.ts';
import { BytesConverter } from './bytes-converter.ts';
import { converterName, simpleName, SIMPLE_HEADER_CONVERTER, type ConverterName } from './converter-classes.ts';
import type { Converter, HeaderConverter } from './converter.ts';
import type { ConverterConfig } from './converter-options.ts';
import { JsonConverter } from './json-converter.ts';
import { PrimitiveConverter } from './primitive-converter.ts';
import { SimpleHeaderConverter } from './simple-header-converter.ts';
import { StringConverter } from './string-converter.ts';

export { SIMPLE_HEADER_CONVERTER } from './converter-classes.ts';

const CREATE: Readonly<Record<ConverterName, (config: ConverterConfig) => Converter>> = {
  json: (config) => new JsonConverter(config),
  string: (config) => new StringConverter(config),
  bytes: () => new BytesConverter(),
  boolean: () => new PrimitiveConverter('boolean'),
  short: () => new PrimitiveConverter('short'),
  integer: () => new PrimitiveConverter('integer'),
  long: () => new PrimitiveConverter('long'),
  float: () => new PrimitiveConverter('float'),
  double: () => new PrimitiveConverter('double'),
};

/**
 * A converter for keys or values. `className`: a Java class name or a short name. `config` holds
 * the converter's own options, without their prefix. Throws `CONVERT_UNKNOWN` and `CONVERT_OPTION`,
 * `config` errors whose key is `key.converter`, `value.converter`, or an option after it.
 */
export function createConverter(className: string, config: ConverterConfig, isKey: boolean): Converter {
  const prefix = isKey ? 'key.converter' : 'value.converter';
  const name = converterName(className);
  if (name === undefined) throw unknown(prefix, className, Object.keys(CREATE));
  return named(prefix, () => CREATE[name](config));
}

/** A converter for header values, as {@link createConverter}: `simple` and the classes of keys and values. */
export function createHeaderConverter(className: string, config: ConverterConfig): HeaderConverter {
  const prefix = 'header.converter';
  if ([SIMPLE_HEADER_CONVERTER, simpleName(SIMPLE_HEADER_CONVERTER), 'simple'].includes(className)) {
    return new SimpleHeaderConverter();
  }
  const name = converterName(className);
  if (name === undefined) throw unknown(prefix, className, ['simple', ...Object.keys(CREATE)]);
  const converter = named(prefix, () => CREATE[name](config));
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

function unknown(prefix: string, className: string, known: readonly string[]): MillraceError {
  return new MillraceError('CONVERT_UNKNOWN', `${prefix}: no converter is called ${className}`, {
    kind: 'config',
    key: prefix,
    remedy: `Use one of ${known.join(', ')}, or the class name of Kafka Connect's converter of that kind.`,
  });
}
