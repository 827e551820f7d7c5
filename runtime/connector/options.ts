import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox';

/** A connector's configuration as users write it: flat, all values text (Kafka Connect's form). */
export type RawConfig = Readonly<Record<string, string>>;

export type Importance = 'HIGH' | 'MEDIUM' | 'LOW';
/** Kafka's `ConfigDef.Type`. */
export type OptionType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

/** What an option says of itself beyond its JSON Schema. */
export interface OptionNotes {
  readonly doc: string;
  readonly importance?: Importance;
  readonly group?: string;
  /** Shown in forms; by default made from the key. */
  readonly displayName?: string;
  /** Without a default an option is required unless `optional`. */
  readonly optional?: boolean;
}

/** The JSON Schema keyword that carries an option's notes. */
export const OPTION = 'x-millrace-option';

export interface OptionInfo extends OptionNotes {
  readonly type: OptionType;
}

type Notes<T> = OptionNotes & { readonly default?: T };

function annotate(type: OptionType, notes: OptionNotes): Record<string, unknown> {
  const { doc, importance = 'MEDIUM', group, displayName, optional } = notes;
  return {
    description: doc,
    [OPTION]: { type, importance, group, displayName, optional } satisfies Omit<OptionInfo, 'doc'> | object,
    ...('default' in notes ? { default: (notes as { default?: unknown }).default } : {}),
  };
}

/** Declares options. The parsed type of each is in its name; texts are parsed by `parseOptions`. */
export const option = {
  string: (notes: Notes<string> & { pattern?: string; minLength?: number; maxLength?: number }) =>
    Type.String({ ...annotate('STRING', notes), ...limits(notes, ['pattern', 'minLength', 'maxLength']) }),
  /** Never shown: `[hidden]` in every answer and log. */
  password: (notes: Notes<string>) => Type.String({ ...annotate('PASSWORD', notes) }),
  className: (notes: Notes<string>) => Type.String({ ...annotate('CLASS', notes) }),
  boolean: (notes: Notes<boolean>) => Type.Boolean({ ...annotate('BOOLEAN', notes) }),
  int: (notes: Notes<number> & { minimum?: number; maximum?: number }) =>
    Type.Integer({
      minimum: -2147483648,
      maximum: 2147483647,
      ...annotate('INT', notes),
      ...limits(notes, ['minimum', 'maximum']),
    }),
  long: (notes: Notes<number> & { minimum?: number; maximum?: number }) =>
    Type.Integer({ ...annotate('LONG', notes), ...limits(notes, ['minimum', 'maximum']) }),
  double: (notes: Notes<number> & { minimum?: number; maximum?: number }) =>
    Type.Number({ ...annotate('DOUBLE', notes), ...limits(notes, ['minimum', 'maximum']) }),
  /** Comma-separated; items are trimmed. */
  list: (notes: Notes<readonly string[]>) => Type.Array(Type.String(), { ...annotate('LIST', notes) }),
  oneOf: <const T extends readonly string[]>(values: T, notes: Notes<T[number]>) =>
    Type.Enum([...values] as unknown as T, { ...annotate('STRING', notes) }),
};

function limits(notes: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(notes).filter(([key, value]) => keys.includes(key) && value !== undefined));
}

/**
 * The options of a connector or a worker. `patterns` are families of keys with a variable part
 * (`column.mask.with.<n>.chars`), by regular expression over the whole key.
 */
export interface OptionSet<T extends TProperties = TProperties> {
  readonly name: string;
  readonly schema: TObject<T>;
  readonly patterns?: readonly { readonly key: RegExp; readonly shown: string; readonly schema: TSchema }[];
}

export type Options<S extends OptionSet> = Static<S['schema']>;

/** Declares an option set; keys without a default are required unless their notes say `optional`. */
export function optionSet<T extends TProperties>(
  name: string,
  properties: T,
  patterns?: OptionSet['patterns'],
): OptionSet<T> {
  return { name, schema: Type.Object(properties), ...(patterns === undefined ? {} : { patterns }) };
}
