import type { Connector } from '../../../runtime/connector/connector.ts';
import { declared, findOption, isRequired, type OptionSet } from '../../../runtime/connector/options.ts';
import { nearest } from '../../../runtime/record/nearest.ts';

export type Config = Readonly<Record<string, string>>;

/** A configuration with one thing wrong. */
export interface Mutation {
  /** The key the refusal has to name. */
  readonly key: string;
  readonly what: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Values a declared option takes, each a little different from the default. */
function validValues(set: OptionSet, key: string): readonly string[] {
  const schema = set.schema.properties[key];
  if (schema === undefined) return [];
  const { type, enum: words, minimum, maximum, default: fallback } = declared(schema);
  if (words !== undefined) return words.filter((word) => word !== '');
  switch (type) {
    case 'BOOLEAN':
      return ['true', 'FALSE'];
    case 'INT':
    case 'LONG':
    case 'SHORT': {
      const least = Math.max(minimum ?? 1, -1000);
      const most = Math.min(maximum ?? least + 1000, Number.MAX_SAFE_INTEGER);
      return [...new Set([least, typeof fallback === 'number' ? fallback : least, most])].map(String);
    }
    case 'DOUBLE':
      return [String(minimum ?? 1), String(typeof fallback === 'number' ? fallback : (minimum ?? 1))];
    case 'STRING':
    case 'CLASS':
    case 'PASSWORD':
    case 'LIST':
      return typeof fallback === 'string' && fallback !== '' ? [fallback] : [];
  }
}

/** Good configurations: the base, and the base with one option at a time set to each of some values. */
export function* goodConfigs(
  base: Config,
  set: OptionSet,
): Generator<{ readonly key: string; readonly value: string; readonly config: Config }> {
  yield { key: 'connector.class', value: base['connector.class'] ?? '', config: base };
  for (const key of Object.keys(set.schema.properties)) {
    for (const value of validValues(set, key)) yield { key, value, config: { ...base, [key]: value } };
  }
}

const WORD = 'no-such-word';

/** Values an option cannot take. */
function wrongValues(set: OptionSet, key: string): readonly [string, unknown][] {
  const schema = set.schema.properties[key];
  if (schema === undefined) return [];
  const { type, enum: words, minimum, maximum } = declared(schema);
  const wrong: [string, unknown][] = [
    ['an object', { a: 1 }],
    ['null', null],
  ];
  if (words !== undefined) wrong.push(['an unknown word', WORD]);
  else if (type === 'BOOLEAN') wrong.push(['neither true nor false', 'perhaps']);
  else if (type === 'INT' || type === 'LONG' || type === 'SHORT') {
    wrong.push(['no number', 'many'], ['a fraction', '1.5']);
    if (minimum !== undefined) wrong.push(['too small', String(minimum - 1)]);
    if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) wrong.push(['too large', String(maximum + 1)]);
  } else if (type === 'DOUBLE') wrong.push(['no number', 'many']);
  return wrong;
}

/** The key with one typing mistake, where that is no key of its own. */
function misspelt(sets: readonly OptionSet[], key: string): readonly string[] {
  const at = Math.floor(key.length / 2);
  const swapped = key.slice(0, at) + key.slice(at + 1, at + 2) + key.slice(at, at + 1) + key.slice(at + 2);
  const made = [
    key.slice(0, at) + key.slice(at + 1),
    `${key.slice(0, at)}${key.slice(at, at + 1)}${key.slice(at)}`,
    swapped,
  ];
  const known = sets.flatMap((set) => Object.keys(set.schema.properties));
  return made.filter(
    (typo) =>
      typo !== key && sets.every((set) => findOption(set, typo) === undefined) && nearest(typo, known) !== undefined,
  );
}

/** Single mutations of a good configuration, over all options of the connector. */
export function* mutations(connector: Connector, base: Config, shared: OptionSet): Generator<Mutation> {
  const sets = [connector.options, shared];
  for (const set of sets) {
    for (const key of Object.keys(set.schema.properties)) {
      for (const [what, value] of wrongValues(set, key)) yield { key, what, config: { ...base, [key]: value } };
    }
  }
  for (const key of Object.keys(connector.options.schema.properties)) {
    const [value = base[key] ?? 'x'] = validValues(connector.options, key);
    for (const typo of misspelt(sets, key)) {
      const { [key]: _removed, ...others } = base;
      const required = base[key] !== undefined && isRequired(connector.options.schema.properties[key] ?? {});
      yield { key: typo, what: `misspelt ${key}`, config: { ...(required ? others : base), [typo]: value } };
    }
  }
  for (const key of Object.keys(base)) {
    const schema = findOption(connector.options, key) ?? findOption(shared, key);
    const { [key]: _removed, ...others } = base;
    if (schema !== undefined && isRequired(schema)) yield { key, what: 'left out', config: others };
  }
  yield {
    key: 'millrace.no.such.key',
    what: 'an unknown key of ours',
    config: { ...base, 'millrace.no.such.key': 'x' },
  };
  yield { key: 'value.converter', what: 'an unknown class', config: { ...base, 'value.converter': 'com.example.No' } };
  yield { key: 'transforms.x.type', what: 'a transform without type', config: { ...base, transforms: 'x' } };
}
