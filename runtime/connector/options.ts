import type {
  Static,
  TArray,
  TBoolean,
  TEnum,
  TInteger,
  TNumber,
  TObject,
  TOptional,
  TProperties,
  TSchema,
  TString,
} from 'typebox';
import { MillraceError } from '../record/error.ts';
import { nearest } from '../record/nearest.ts';

/** A connector's configuration as users write it: flat, all values text (Kafka Connect's form). */
export type RawConfig = Readonly<Record<string, string>>;

type Importance = 'HIGH' | 'MEDIUM' | 'LOW';
/** Kafka's `ConfigDef.Type`. */
type OptionType = 'BOOLEAN' | 'STRING' | 'INT' | 'SHORT' | 'LONG' | 'DOUBLE' | 'LIST' | 'CLASS' | 'PASSWORD';

/** What an option says of itself beyond its JSON Schema. */
interface OptionNotes {
  readonly doc: string;
  readonly importance?: Importance;
  readonly group?: string;
  /** Shown in forms; by default made from the key. */
  readonly displayName?: string;
  /** Without a default an option is required unless `optional`. */
  readonly optional?: boolean;
  /** Known from elsewhere and accepted; nothing here reads it. The values that hold here anyway, beside the default. */
  readonly inert?: readonly string[];
}

/** The JSON Schema keyword that carries an option's notes. */
const OPTION = 'x-millrace-option';

interface OptionInfo extends Omit<OptionNotes, 'doc'> {
  readonly type: OptionType;
}

type Notes<T> = OptionNotes & { readonly default?: T };
type Text = Notes<string> & { readonly pattern?: string; readonly minLength?: number; readonly maxLength?: number };
type Numeric = Notes<number> & { readonly minimum?: number; readonly maximum?: number };
/** An `optional` option reads as possibly undefined. */
type As<S extends TSchema, N> = N extends { readonly optional: true } ? TOptional<S> : S;

const LIMITS = ['pattern', 'minLength', 'maxLength', 'minimum', 'maximum'];

function annotate(type: OptionType, notes: Notes<unknown>): Record<string, unknown> {
  const { doc, importance = 'MEDIUM', group, displayName, optional, inert } = notes;
  const info = { type, importance, group, displayName, optional, inert };
  const given = Object.entries(notes).filter(([key, value]) => LIMITS.includes(key) && value !== undefined);
  return {
    description: doc,
    [OPTION]: Object.fromEntries(Object.entries(info).filter(([, value]) => value !== undefined)),
    ...('default' in notes ? { default: notes.default } : {}),
    ...Object.fromEntries(given),
  };
}

/**
 * TypeBox's types over plain JSON Schema: its builders are several hundred modules, and a start of
 * the worker would pay 150 ms for objects that can be written down.
 */
function declare<S extends TSchema, N extends Notes<unknown>>(
  schema: Readonly<Record<string, unknown>>,
  type: OptionType,
  notes: N,
): As<S, N> {
  return { ...schema, ...annotate(type, notes) } as unknown as As<S, N>;
}

/** Declares options. The parsed type of each is in its name; texts are parsed by {@link parseOptions}. */
export const option = {
  string: <const N extends Text>(notes: N): As<TString, N> => declare({ type: 'string' }, 'STRING', notes),
  /** Never shown: `[hidden]` in every answer and log. */
  password: <const N extends Notes<string>>(notes: N): As<TString, N> => declare({ type: 'string' }, 'PASSWORD', notes),
  className: <const N extends Notes<string>>(notes: N): As<TString, N> => declare({ type: 'string' }, 'CLASS', notes),
  boolean: <const N extends Notes<boolean>>(notes: N): As<TBoolean, N> =>
    declare({ type: 'boolean' }, 'BOOLEAN', notes),
  int: <const N extends Numeric>(notes: N): As<TInteger, N> =>
    declare({ type: 'integer', minimum: -2147483648, maximum: 2147483647 }, 'INT', notes),
  long: <const N extends Numeric>(notes: N): As<TInteger, N> => declare({ type: 'integer' }, 'LONG', notes),
  double: <const N extends Numeric>(notes: N): As<TNumber, N> => declare({ type: 'number' }, 'DOUBLE', notes),
  /** Comma-separated; items are trimmed. */
  list: <const N extends Notes<readonly string[]>>(notes: N): As<TArray<TString>, N> =>
    declare({ type: 'array', items: { type: 'string' } }, 'LIST', notes),
  oneOf: <const T extends readonly string[], const N extends Notes<T[number]>>(
    values: T,
    notes: N,
  ): As<TEnum<[...T]>, N> => declare({ type: 'string', enum: [...values] }, 'STRING', notes),
};

/** A family of keys with a variable part, by regular expression over the whole key. */
export interface OptionPattern {
  readonly key: RegExp;
  /** How the family is written in documents: `column.mask.with.<n>.chars`. */
  readonly shown: string;
  readonly schema: TSchema;
}

/** The options of a connector or a worker. */
export interface OptionSet<T extends TProperties = TProperties> {
  readonly name: string;
  readonly schema: TObject<T>;
  readonly patterns?: readonly OptionPattern[];
}

export type Options<S extends OptionSet> = Static<S['schema']>;

/** Declares an option set; keys without a default are required unless their notes say `optional`. */
export function optionSet<T extends TProperties>(
  name: string,
  properties: T,
  patterns?: OptionSet['patterns'],
): OptionSet<T> {
  const required = Object.keys(properties).filter((key) => isRequired(properties[key] ?? {}));
  const schema = { type: 'object', properties, required } as unknown as TObject<T>;
  return { name, schema, ...(patterns === undefined ? {} : { patterns }) };
}

/** An option that does not stand as it is. The message is Kafka Connect's where it has one. */
export interface OptionError {
  readonly key: string;
  readonly message: string;
  readonly reason: 'missing' | 'invalid' | 'unknown' | 'conflict';
  readonly remedy?: string;
  /** What is wrong, in words that tell nothing of the value (I9); absent: there are none. */
  readonly problem?: string;
}

type OptionValue = string | number | boolean | readonly string[] | undefined;

/** What an option's schema says, beside its limits. */
interface Declared extends OptionInfo {
  readonly description: string;
  readonly default?: OptionValue;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
}

/** Reads an option's declaration back from its schema. */
export function declared(schema: TSchema): Declared {
  const fields = schema as TSchema & Declared & { readonly [OPTION]?: OptionInfo };
  return { ...fields, ...(fields[OPTION] ?? { type: 'STRING' }) };
}

export function isRequired(schema: TSchema): boolean {
  const { optional, default: fallback } = declared(schema);
  return optional !== true && fallback === undefined;
}

/** The declaration of a key: its own, or that of the family it belongs to; undefined: unknown. */
export function findOption(set: OptionSet, key: string): TSchema | undefined {
  if (Object.hasOwn(set.schema.properties, key)) return set.schema.properties[key];
  return set.patterns?.find((pattern) => pattern.key.test(key))?.schema;
}

/** What answers show instead of a secret. */
export const HIDDEN = '[hidden]';

/** The value as it may be shown: passwords never (I9). */
export function shownValue(schema: TSchema | undefined, value: string): string {
  return schema !== undefined && declared(schema).type === 'PASSWORD' ? HIDDEN : value;
}

const PARSE: Record<OptionType, (text: string) => OptionValue | Error> = {
  STRING: (text) => text,
  CLASS: (text) => text.trim(),
  PASSWORD: (text) => text,
  BOOLEAN: (text) => {
    const word = text.trim().toLowerCase();
    return word === 'true' || word === 'false'
      ? word === 'true'
      : new Error('Expected value to be either true or false');
  },
  INT: (text) => integer(text, 'INT', 2147483648),
  SHORT: (text) => integer(text, 'SHORT', 32768),
  LONG: (text) => integer(text, 'LONG', Number.MAX_SAFE_INTEGER),
  DOUBLE: (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text.trim());
    return Number.isFinite(value) ? value : new Error('Not a number of type DOUBLE');
  },
  LIST: (text) => (text.trim() === '' ? [] : text.split(',').map((item) => item.trim())),
};

function integer(text: string, type: OptionType, limit: number): number | Error {
  const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text.trim()) : Number.NaN;
  return value >= -limit && value < limit ? value : new Error(`Not a number of type ${type}`);
}

/** What is wrong with a parsed value under its declaration's limits; undefined: nothing. */
function limitProblem(option: Declared, value: OptionValue): string | undefined {
  if (typeof value === 'number') {
    if (option.minimum !== undefined && value < option.minimum) return `Value must be at least ${option.minimum}`;
    if (option.maximum !== undefined && value > option.maximum) return `Value must be no more than ${option.maximum}`;
  }
  if (typeof value !== 'string') return undefined;
  if (option.enum !== undefined && !option.enum.includes(value)) {
    return `String must be one of: ${option.enum.join(', ')}`;
  }
  if (option.minLength !== undefined && value.trim().length < option.minLength) return 'String may not be empty';
  if (option.maxLength !== undefined && value.length > option.maxLength) {
    return `String may have at most ${option.maxLength} characters`;
  }
  if (option.pattern !== undefined && !new RegExp(option.pattern, 'u').test(value)) {
    return `String must match ${option.pattern}`;
  }
  return undefined;
}

/** Parses one value; the error's message is Kafka's `ConfigException`, passwords hidden. */
function parseOption(key: string, schema: TSchema, text: string): { value: OptionValue } | { error: OptionError } {
  const info = declared(schema);
  const typed = info.enum === undefined ? PARSE[info.type](text) : enumMember(info.enum, text);
  const problem = typed instanceof Error ? typed.message : limitProblem(info, typed);
  if (problem === undefined) return { value: typed as OptionValue };
  const meant = info.enum === undefined ? '' : didYouMean(String(typed), info.enum);
  const message = `Invalid value ${shownValue(schema, text)} for configuration ${key}: ${problem}${meant}`;
  return { error: { key, message, reason: 'invalid', problem } };
}

/** Whether a text stands as the value of an option. */
export function isAccepted(key: string, schema: TSchema, text: string): boolean {
  return 'value' in parseOption(key, schema, text);
}

/** Enumerated words are accepted in any case, as Debezium's and Kafka's are. */
function enumMember(members: readonly string[], text: string): string {
  const word = text.trim();
  return members.find((member) => member.toLowerCase() === word.toLowerCase()) ?? word;
}

interface CheckedOptions<S extends OptionSet> {
  /** Complete only where `errors` is empty. */
  readonly options: Options<S>;
  readonly errors: readonly OptionError[];
}

/** Parses all options of a set, defaults filled in; every error at once. Keys it does not know are left out. */
export function checkOptions<S extends OptionSet>(set: S, raw: RawConfig): CheckedOptions<S> {
  const options: Record<string, OptionValue> = {};
  const errors: OptionError[] = [];
  for (const [key, schema] of Object.entries(set.schema.properties)) {
    const text = Object.hasOwn(raw, key) ? raw[key] : undefined;
    if (text === undefined) {
      if (isRequired(schema)) errors.push(missingOption(key));
      else options[key] = declared(schema).default;
      continue;
    }
    const parsed = parseOption(key, schema, text);
    if ('error' in parsed) errors.push(parsed.error);
    else options[key] = parsed.value;
  }
  for (const [key, text] of Object.entries(raw)) {
    const schema = Object.hasOwn(set.schema.properties, key) ? undefined : findOption(set, key);
    if (schema === undefined) continue;
    const parsed = parseOption(key, schema, text);
    if ('error' in parsed) errors.push(parsed.error);
  }
  return { options: options as Options<S>, errors };
}

/** An error for a key nobody declares; `meant`: the known key it looks like. */
export function unknownOption({ key, meant }: UnknownKey): OptionError {
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  const remedy = meant === undefined ? `Remove ${key}.` : `Rename ${key} to ${meant}.`;
  return { key, message: `Unknown configuration ${key}.${hint}`, reason: 'unknown', remedy };
}

/** The names in a comma-separated list; none for an absent one. */
export function listedNames(list: string | undefined): string[] {
  return (list ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
}

export function missingOption(key: string): OptionError {
  const message = `Missing required configuration "${key}" which has no default value.`;
  return { key, message, reason: 'missing', remedy: `Set ${key}.` };
}

/** As {@link checkOptions}; throws `CONFIG_INVALID` naming every wrong key. */
export function parseOptions<S extends OptionSet>(set: S, raw: RawConfig): Options<S> {
  const { options, errors } = checkOptions(set, raw);
  if (errors.length > 0) throw invalidOptions(set.name, errors);
  return options;
}

export function invalidOptions(name: string, errors: readonly OptionError[]): MillraceError {
  const lines = errors.map((error) => `${error.key}: ${error.message}`);
  const [first] = errors;
  return new MillraceError('CONFIG_INVALID', `the configuration of ${name} is invalid:\n${lines.join('\n')}`, {
    kind: 'config',
    ...(first === undefined ? {} : { key: first.key }),
    remedy: errors.map((error) => error.remedy ?? `Correct ${error.key}.`).join(' '),
  });
}

function didYouMean(word: string, known: Iterable<string>): string {
  const close = nearest(word, known);
  return close === undefined ? '' : `. Did you mean ${close}?`;
}

interface UnknownKey {
  readonly key: string;
  /** The known key it may have been meant to be. */
  readonly meant: string | undefined;
}

/** Keys no set declares. */
export function unknownOptions(sets: readonly OptionSet[], raw: RawConfig): readonly UnknownKey[] {
  const known = sets.flatMap((set) => [
    ...Object.keys(set.schema.properties),
    ...(set.patterns ?? []).flatMap(({ key, shown }) => (key.test(shown) ? [shown] : [])),
  ]);
  return Object.keys(raw)
    .filter((key) => sets.every((set) => findOption(set, key) === undefined))
    .map((key) => ({ key, meant: nearest(key, known) }));
}
