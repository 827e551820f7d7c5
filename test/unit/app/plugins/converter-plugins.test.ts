import { expect, test } from 'vitest';
import { findConverter, listConverters } from '../../../../runtime/app/plugins/converter-plugins.ts';
import { createConverter, createHeaderConverter } from '../../../../runtime/convert/create-converter.ts';

const written = listConverters().flatMap(({ kind, className, aliases }) =>
  [className, ...aliases].map((name) => [name, kind] as const),
);

test.each(written)('%s can be configured and made', (name, kind) => {
  expect(findConverter('header_converter', name)).not.toBeNull();
  expect(createHeaderConverter(name, {})).toBeDefined();
  if (kind === 'header_converter') return;
  expect(findConverter('converter', name)).not.toBeNull();
  expect(createConverter(name, {}, false)).toBeDefined();
});

test('converters of one primitive type are among them', () => {
  expect(findConverter('converter', 'org.apache.kafka.connect.converters.LongConverter')).not.toBeNull();
  expect(findConverter('converter', 'long')).not.toBeNull();
});

test('the header converter converts no keys and values', () => {
  expect(findConverter('converter', 'simple')).toBeNull();
});
