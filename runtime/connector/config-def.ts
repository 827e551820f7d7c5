import type { TSchema } from 'typebox';
import { declared, isRequired, type OptionError, type OptionSet, type RawConfig, shownValue } from './options.ts';

/** An option as `/connector-plugins/{p}/config` shows it (Kafka Connect's ConfigKeyInfo). */
export interface ConfigKeyInfo {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default_value: string | null;
  readonly importance: string;
  readonly documentation: string;
  readonly group: string | null;
  readonly order_in_group: number;
  readonly width: string;
  readonly display_name: string;
  readonly dependents: readonly string[];
}

export interface ConfigValueInfo {
  readonly name: string;
  readonly value: string | null;
  readonly recommended_values: readonly string[];
  readonly errors: readonly string[];
  readonly visible: boolean;
}

/** The answer of `/connector-plugins/{p}/config/validate` (ConfigInfos). */
export interface ConfigInfos {
  readonly name: string;
  readonly error_count: number;
  readonly groups: readonly string[];
  readonly configs: readonly { readonly definition: ConfigKeyInfo; readonly value: ConfigValueInfo }[];
}

/** The options of the sets in order; a key of an earlier set hides later ones. */
export function configKeys(sets: readonly OptionSet[]): readonly ConfigKeyInfo[] {
  const counts = new Map<string, number>();
  return [...schemas(sets)].map(([key, schema]) => keyInfo(key, schema, counts));
}

function schemas(sets: readonly OptionSet[]): ReadonlyMap<string, TSchema> {
  const all = new Map<string, TSchema>();
  for (const set of sets) {
    for (const [key, schema] of Object.entries(set.schema.properties)) {
      if (!all.has(key)) all.set(key, schema);
    }
  }
  return all;
}

function keyInfo(key: string, schema: TSchema, counts: Map<string, number>): ConfigKeyInfo {
  const option = declared(schema);
  const { group, displayName, type, importance = 'MEDIUM', description } = option;
  const order = group === undefined ? -1 : (counts.get(group) ?? 0) + 1;
  if (group !== undefined) counts.set(group, order);
  return {
    name: key,
    type,
    required: isRequired(schema),
    default_value: defaultText(schema),
    importance,
    documentation: description,
    group: group ?? null,
    order_in_group: order,
    width: group === undefined ? 'NONE' : type === 'INT' || type === 'BOOLEAN' ? 'SHORT' : 'MEDIUM',
    display_name: displayName ?? key,
    dependents: [],
  };
}

/** A declared default, as text. */
export function defaultText(schema: TSchema): string | null {
  const fallback = declared(schema).default;
  if (fallback === undefined) return null;
  return Array.isArray(fallback) ? fallback.join(',') : shownValue(schema, String(fallback));
}

/**
 * The validation answer: every option with its value (the default where none is given; null where
 * it cannot be read), its errors, and errors of keys that are not declared as options of their own.
 */
export function configInfos(
  name: string,
  sets: readonly OptionSet[],
  raw: RawConfig,
  errors: readonly OptionError[],
): ConfigInfos {
  const all = schemas(sets);
  const keys = configKeys(sets);
  const configs = keys.map((definition) => {
    const schema = all.get(definition.name);
    return { definition, value: valueInfo(definition.name, schema, raw, errors) };
  });
  const others = new Set(errors.map((error) => error.key).filter((key) => !all.has(key)));
  for (const key of others) {
    configs.push({ definition: undeclared(key), value: valueInfo(key, undefined, raw, errors) });
  }
  const groups = [...new Set(keys.flatMap(({ group }) => (group === null ? [] : [group])))];
  return { name, error_count: errors.length, groups, configs };
}

function valueInfo(
  key: string,
  schema: TSchema | undefined,
  raw: RawConfig,
  errors: readonly OptionError[],
): ConfigValueInfo {
  const own = errors.filter((error) => error.key === key);
  const given = raw[key];
  const option = schema === undefined ? undefined : declared(schema);
  const unreadable = own.some(({ reason }) => reason === 'invalid') && option?.type !== 'STRING';
  const shown = given === undefined ? (schema === undefined ? null : defaultText(schema)) : shownValue(schema, given);
  return {
    name: key,
    value: unreadable ? null : shown,
    recommended_values: option?.type === 'BOOLEAN' ? [] : (option?.enum ?? []),
    errors: own.map(({ message }) => message),
    visible: true,
  };
}

function undeclared(key: string): ConfigKeyInfo {
  return {
    name: key,
    type: 'STRING',
    required: false,
    default_value: null,
    importance: 'LOW',
    documentation: '',
    group: null,
    order_in_group: -1,
    width: 'NONE',
    display_name: key,
    dependents: [],
  };
}
