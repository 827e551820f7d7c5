import type { PluginSummary } from '../../cluster/plugin-catalog.ts';
import { option, optionSet, type OptionSet } from '../../connector/options.ts';
import {
  CONVERTER_CLASSES,
  converterName,
  simpleName,
  SIMPLE_HEADER_CONVERTER,
} from '../../convert/converter-classes.ts';
import { VERSION } from '../../connector/version.ts';

const converterType = option.oneOf(['key', 'value', 'header'], {
  doc: 'Accepted for compatibility; told by the key the converter is set under.',
  importance: 'LOW',
  optional: true,
});

/** The options of each converter beside `converter.type`; none where a name is missing. */
const OPTIONS = {
  json: {
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
  },
  string: {
    'converter.encoding': option.string({ doc: 'Encoding of the text.', importance: 'LOW', default: 'UTF-8' }),
  },
} as const;

/** Converters as they can be configured. Their code is not loaded. */
export function listConverters(): readonly PluginSummary[] {
  const named = Object.entries(CONVERTER_CLASSES).map(([name, className]) => summary('converter', className, name));
  const all = [...named, summary('header_converter', SIMPLE_HEADER_CONVERTER, 'simple')];
  return all.toSorted((a, b) => (a.className < b.className ? -1 : 1));
}

function summary(kind: PluginSummary['kind'], className: string, shortName: string): PluginSummary {
  return { className, aliases: [shortName, simpleName(className)], kind, version: VERSION };
}

/** The options of a converter; null: there is none of this name. Headers may be converted by any. */
export function findConverter(kind: 'converter' | 'header_converter', className: string): OptionSet | null {
  const simple = [SIMPLE_HEADER_CONVERTER, simpleName(SIMPLE_HEADER_CONVERTER), 'simple'].includes(className);
  if (simple) return kind === 'header_converter' ? options(SIMPLE_HEADER_CONVERTER, {}) : null;
  const name = converterName(className);
  if (name === undefined) return null;
  return options(CONVERTER_CLASSES[name], name === 'json' || name === 'string' ? OPTIONS[name] : {});
}

function options(className: string, own: Parameters<typeof optionSet>[1]): OptionSet {
  return optionSet(simpleName(className), { 'converter.type': converterType, ...own });
}
