import type { RawConfig } from '../connector/options.ts';
import type { Converter, HeaderConverter } from '../convert/converter.ts';
import {
  createConverter,
  createHeaderConverter,
  defaultConverter,
  SIMPLE_HEADER_CONVERTER,
} from '../convert/create-converter.ts';
import type { SettingsOf } from './task-settings.ts';

/** The converters of one task. */
export interface TaskConverters {
  readonly key: Converter;
  readonly value: Converter;
  readonly header: HeaderConverter;
}

/**
 * By `key.converter`, `value.converter` and `header.converter` and the options below them: the
 * connector's, else the worker's. Where nobody names one, JSON without schemas.
 *
 * Differs from Connect: options below a converter that only the worker names count too.
 */
export function taskConverters(of: SettingsOf): TaskConverters {
  const header = named(of, 'header.converter');
  return {
    key: converter(of, 'key.converter'),
    value: converter(of, 'value.converter'),
    header: createHeaderConverter(header.className ?? SIMPLE_HEADER_CONVERTER, header.config),
  };
}

function converter(of: SettingsOf, key: 'key.converter' | 'value.converter'): Converter {
  const { className, config } = named(of, key);
  if (className !== undefined) return createConverter(className, config, key === 'key.converter');
  if (Object.keys(config).length === 0) return defaultConverter();
  return createConverter('json', { 'schemas.enable': 'false', ...config }, key === 'key.converter');
}

function named(of: SettingsOf, key: string): { readonly className: string | undefined; readonly config: RawConfig } {
  const own = of.config[key]?.trim();
  const inherited = own === undefined ? below(of.worker, key) : {};
  return { className: own ?? of.worker[key]?.trim(), config: { ...inherited, ...below(of.config, key) } };
}

function below(config: RawConfig, key: string): Record<string, string> {
  const prefix = `${key}.`;
  const options = Object.entries(config).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(options.map(([name, value]) => [name.slice(prefix.length), value]));
}
