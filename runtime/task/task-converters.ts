import type { Converter, HeaderConverter } from '../convert/converter.ts';

/** The converters of one task. */
export interface TaskConverters {
  readonly key: Converter;
  readonly value: Converter;
  readonly header: HeaderConverter;
}
