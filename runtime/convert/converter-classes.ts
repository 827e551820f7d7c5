import type { PrimitiveName } from './primitive-converter.ts';

export type ConverterName = 'json' | 'string' | 'bytes' | PrimitiveName;

/** The converters of keys and values by short name, known before any of their code is loaded. */
export const CONVERTER_CLASSES: Readonly<Record<ConverterName, string>> = {
  json: 'org.apache.kafka.connect.json.JsonConverter',
  string: 'org.apache.kafka.connect.storage.StringConverter',
  bytes: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  boolean: 'org.apache.kafka.connect.converters.BooleanConverter',
  short: 'org.apache.kafka.connect.converters.ShortConverter',
  integer: 'org.apache.kafka.connect.converters.IntegerConverter',
  long: 'org.apache.kafka.connect.converters.LongConverter',
  float: 'org.apache.kafka.connect.converters.FloatConverter',
  double: 'org.apache.kafka.connect.converters.DoubleConverter',
};

export const SIMPLE_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter';

/** The last part of a Java class name, by which Connect finds a class too. */
export function simpleName(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1);
}

/** The converter of a Java class name, its last part or a short name; undefined: there is none. */
export function converterName(written: string): ConverterName | undefined {
  const names = Object.keys(CONVERTER_CLASSES) as ConverterName[];
  return names.find((name) => {
    const className = CONVERTER_CLASSES[name];
    return written === name || written === className || written === simpleName(className);
  });
}
