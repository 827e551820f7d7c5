import type { TSchema } from 'typebox';
import { declared, option, optionSet, type OptionSet } from './options.ts';

type Family = 'transforms' | 'predicates';

/** What every transform or predicate may be given beside its own options. */
function shared(family: Family, alias: string): Record<string, TSchema> {
  const what = family === 'transforms' ? 'transform' : 'predicate';
  const type = option.className({ doc: `Class of the ${what} ${alias}.`, importance: 'HIGH' });
  const version = option.string({ doc: 'Accepted for compatibility.', importance: 'LOW', optional: true });
  if (family === 'predicates') return { type, 'plugin.version': version };
  return {
    type,
    'plugin.version': version,
    predicate: option.string({
      doc: 'Name of the predicate that says which records the transform sees; with none, it sees all.',
      optional: true,
    }),
    negate: option.boolean({ doc: 'Whether it sees the records for which the predicate is false.', default: false }),
  };
}

/**
 * The options of one transform or predicate of a connector under their whole keys, for validation
 * and forms. `own`: what its class declares; null: the class is not known.
 */
export function aliasOptions(family: Family, alias: string, own: OptionSet | null): OptionSet {
  const group = `${family === 'transforms' ? 'Transforms' : 'Predicates'}: ${alias}`;
  const all = { ...shared(family, alias), ...own?.schema.properties };
  const properties = Object.entries(all).map(([key, schema]): [string, TSchema] => {
    const { displayName = key } = declared(schema);
    return [`${family}.${alias}.${key}`, inGroup(schema, group, displayName)];
  });
  return optionSet(group, Object.fromEntries(properties));
}

function inGroup(schema: TSchema, group: string, displayName: string): TSchema {
  const notes = (schema as { 'x-millrace-option'?: object })['x-millrace-option'];
  return { ...schema, 'x-millrace-option': { ...notes, group, displayName } };
}
