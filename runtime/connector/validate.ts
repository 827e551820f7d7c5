import { RE2JS } from 're2js';
import { MillraceError } from '../record/error.ts';
import { aliasOptions } from './alias-options.ts';
import { connectorClientKeys } from './client-keys.ts';
import type { Connector } from './connector.ts';
import { inertKeys } from './inert-options.ts';
import { sinkOptions, sourceOptions } from './connector-options.ts';
import {
  checkOptions,
  listedNames,
  missingOption,
  type OptionError,
  type OptionSet,
  type RawConfig,
  unknownOption,
  unknownOptions,
} from './options.ts';

/** What a connector's configuration may refer to beside connectors. */
export interface PluginOptions {
  /** Options of a converter, transform or predicate by its class name; null: there is none of that name. */
  find(kind: 'converter' | 'header_converter' | 'transformation' | 'predicate', className: string): OptionSet | null;
  /** What is wrong with the options of a transform or predicate beyond their declaration, by their own key. */
  problem?(kind: 'transformation' | 'predicate', className: string, own: RawConfig): OptionError | null;
  /** What a transform or predicate that does not exist may have been meant to be, as a sentence; null: nothing is close. */
  meant?(kind: 'transformation' | 'predicate', className: string): string | null;
}

export interface Validation {
  /** The sets the configuration was held against, in the order they are shown. */
  readonly sets: readonly OptionSet[];
  readonly errors: readonly OptionError[];
  /** Keys nobody declares and that look like no misspelt one: kept, and worth a warning. */
  readonly unknown: readonly string[];
  /** Keys accepted from elsewhere that nothing here reads. */
  readonly inert: readonly string[];
  /** Keys for Kafka clients that change nothing here; none of them is one of the others. */
  readonly client: readonly string[];
}

/** Checks a configuration whole: every error at once, without network. */
export function validateConfig(connector: Connector, config: RawConfig, plugins: PluginOptions): Validation {
  const sets = validatedSets(connector, config, plugins);
  const errors: OptionError[] = sets.flatMap((set) => checkOptions(set, config).errors);
  errors.push(
    ...textErrors(config),
    ...nameErrors(config),
    ...converterErrors(config, plugins),
    ...transformErrors(config, plugins),
  );
  if (connector.kind === 'sink') errors.push(...topicErrors(config));
  else errors.push(...creationErrors(config), ...onceErrors(connector.exactlyOnce, config));
  errors.push(...togetherErrors(connector, config));
  const unknown = unknownOptions(sets, config);
  errors.push(...unknown.flatMap(misspelt));
  const client = connectorClientKeys(config, connector.options);
  const kept = unknown.filter((one) => misspelt(one).length === 0).map(({ key }) => key);
  return {
    sets,
    errors: unique(errors),
    unknown: kept.filter((key) => !client.includes(key)),
    inert: inertKeys(sets, config),
    client,
  };
}

/** All that a configuration is held against. */
export function validatedSets(connector: Connector, config: RawConfig, plugins: PluginOptions): readonly OptionSet[] {
  const shared = connector.kind === 'source' ? sourceOptions : sinkOptions;
  return [withoutKeys(shared, connector.options), connector.options, ...aliasSets(config, plugins)];
}

/** What the connector itself says; one that throws because of a value it was not prepared for refuses it. */
function togetherErrors(connector: Connector, config: RawConfig): OptionError[] {
  try {
    return (connector.validate?.(config) ?? []).map(({ key, message }) => ({
      key,
      message: message.includes(key) ? message : `${key}: ${message}`,
      reason: 'conflict',
    }));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return [{ key: error.key ?? 'connector.class', message: error.message, reason: 'conflict' }];
  }
}

/** A connector may declare one of the shared keys itself: then its declaration counts. */
function withoutKeys(shared: OptionSet, own: OptionSet): OptionSet {
  const properties = Object.entries(shared.schema.properties);
  const kept = properties.filter(([key]) => !Object.hasOwn(own.schema.properties, key));
  return { ...shared, schema: { ...shared.schema, properties: Object.fromEntries(kept) } };
}

function unique(errors: readonly OptionError[]): OptionError[] {
  const seen = new Set<string>();
  return errors.filter(({ key, message }) => {
    const id = `${key}\n${message}`;
    return seen.has(id) ? false : seen.add(id) !== undefined;
  });
}

/** An unknown key is refused where it looks misspelt, or claims a namespace of ours. */
function misspelt({ key, meant }: { key: string; meant: string | undefined }): OptionError[] {
  if (meant === undefined && !key.startsWith('millrace.')) return [];
  return [unknownOption({ key, meant })];
}

function nameErrors(config: RawConfig): OptionError[] {
  const name = config['name'] ?? '';
  const segment = nameProblem(name);
  if (segment !== null) return [invalid('name', name, segment, 'it cannot stand in an address')];
  const codes = Array.from(name)
    .map((char) => char.codePointAt(0) ?? 0)
    .filter((code) => code < 32 || code === 127);
  if (codes.length === 0) return [];
  const problem = `String may not contain control sequences but had the following ASCII chars: ${codes.join(', ')}`;
  return [invalid('name', name, problem, 'String may not contain control sequences')];
}

/** Why no path could name the connector; null: one can. Clients take `.` and `..` away, encoded or not, before they ask. */
export function nameProblem(name: string): string | null {
  if (name === '.' || name === '..')
    return `a connector named ${name} could not be asked for: no address has such a part`;
  return name.isWellFormed() ? null : 'the name of a connector must be a text that UTF-8 has bytes for';
}

/** Texts with half a surrogate pair: stored, they would come back as another text (I6). */
function textErrors(config: RawConfig): OptionError[] {
  return Object.entries(config)
    .filter(([key, value]) => !key.isWellFormed() || !value.isWellFormed())
    .map(([key]) => {
      const shown = key.isWellFormed() ? key : JSON.stringify(key);
      const problem = 'it has half a surrogate pair, which is no character and has no UTF-8';
      return {
        key: shown,
        message: `Invalid value for configuration ${shown}: ${problem}`,
        reason: 'invalid',
        problem,
      };
    });
}

/** Errors of the converters a connector or a worker names, and of their options. */
export function converterErrors(config: RawConfig, plugins: PluginOptions): OptionError[] {
  const kinds = {
    'key.converter': 'converter',
    'value.converter': 'converter',
    'header.converter': 'header_converter',
  } as const;
  return Object.entries(kinds).flatMap(([key, kind]) => {
    const className = config[key];
    if (className === undefined) return [];
    const set = plugins.find(kind, className.trim());
    return set === null ? [noConverter(key, className)] : prefixed(set, `${key}.`, config);
  });
}

/** The words are Kafka Connect's; what there is stands in the remedy. */
function noConverter(key: string, className: string): OptionError {
  const error = invalid(key, className, `Class ${className} could not be found.`, NO_CLASS);
  if (key === 'header.converter') return error;
  const remedy = `Correct ${key}: there are json, string and bytes, those of primitive types (docs/converters.md), and these by Kafka Connect’s class names.`;
  return { ...error, remedy };
}

/** What stands under a prefix, without it. */
function below(prefix: string, config: RawConfig): RawConfig {
  const part = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(part.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** Errors of the options under a prefix, with their whole keys. */
function prefixed(set: OptionSet, prefix: string, config: RawConfig): OptionError[] {
  const stripped = below(prefix, config);
  const errors = checkOptions(set, stripped).errors.map((error) => ({
    ...error,
    key: prefix + error.key,
    message: error.message.replaceAll(error.key, prefix + error.key),
  }));
  const unknown = unknownOptions([set], stripped).flatMap(misspelt);
  return [...errors, ...unknown.map((error) => ({ ...error, key: prefix + error.key }))];
}

function transformErrors(config: RawConfig, plugins: PluginOptions): OptionError[] {
  return [
    ...aliasErrors('transforms', config, plugins),
    ...aliasErrors('predicates', config, plugins),
    ...predicateErrors(config),
  ];
}

const NO_CLASS = 'The class could not be found.';

const KINDS = { transforms: 'transformation', predicates: 'predicate' } as const;

/** The options of each transform and predicate, under their whole keys. */
function aliasSets(config: RawConfig, plugins: PluginOptions): OptionSet[] {
  return (['transforms', 'predicates'] as const).flatMap((family) =>
    [...new Set(listedNames(config[family]))].map((alias) => {
      const className = config[`${family}.${alias}.type`]?.trim();
      return aliasOptions(family, alias, className === undefined ? null : plugins.find(KINDS[family], className));
    }),
  );
}

function aliasErrors(family: 'transforms' | 'predicates', config: RawConfig, plugins: PluginOptions): OptionError[] {
  const aliases = listedNames(config[family]);
  const duplicate = new Set(aliases).size < aliases.length;
  const errors = duplicate ? [invalid(family, `[${aliases.join(', ')}]`, 'Duplicate alias provided.')] : [];
  for (const alias of new Set(aliases)) {
    const key = `${family}.${alias}.type`;
    const className = config[key];
    if (className === undefined) continue;
    const set = plugins.find(KINDS[family], className.trim());
    if (set === null) {
      const meant = plugins.meant?.(KINDS[family], className.trim()) ?? null;
      const problem = `Class ${className} could not be found.`;
      const error = invalid(key, className, meant === null ? problem : `${problem} ${meant}`, NO_CLASS);
      const remedy = `Correct ${key}: docs/transforms.md and \`millrace plugins\` have those that there are; Java classes are not loaded.`;
      errors.push(meant === null ? { ...error, remedy } : error);
    } else errors.push(...ownErrors(family, alias, set, config, plugins));
  }
  return errors;
}

/** Misspelt keys of a transform or predicate, and what its options are wrong in together. */
function ownErrors(
  family: 'transforms' | 'predicates',
  alias: string,
  set: OptionSet,
  config: RawConfig,
  plugins: PluginOptions,
): OptionError[] {
  const prefix = `${family}.${alias}.`;
  const own = below(prefix, config);
  const known = aliasOptions(family, alias, set);
  const unknown = unknownOptions([known], withPrefix(prefix, own)).flatMap(misspelt);
  if (unknown.length > 0 || checkOptions(set, own).errors.length > 0) return unknown;
  const problem = plugins.problem?.(KINDS[family], config[`${prefix}type`]?.trim() ?? '', own) ?? null;
  return problem === null ? [] : [{ ...problem, key: prefix + problem.key }];
}

function withPrefix(prefix: string, own: RawConfig): RawConfig {
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [prefix + key, value]));
}

/** A transform that names a predicate nobody set up. */
function predicateErrors(config: RawConfig): OptionError[] {
  const known = listedNames(config['predicates']);
  return listedNames(config['transforms']).flatMap((alias) => {
    const key = `transforms.${alias}.predicate`;
    const predicate = config[key];
    return predicate === undefined || known.includes(predicate)
      ? []
      : [invalid(key, predicate, 'no such predicate is set up')];
  });
}

function topicErrors(config: RawConfig): OptionError[] {
  const topics = listedNames(config['topics']);
  const regex = config['topics.regex']?.trim() ?? '';
  const dead = config['errors.deadletterqueue.topic.name'] ?? '';
  const errors: OptionError[] = [];
  const both = (message: string): void => {
    errors.push(...['topics', 'topics.regex'].map((key) => ({ key, message, reason: 'conflict' as const })));
  };
  if (topics.length === 0 && regex === '') both('Must configure one of topics or topics.regex');
  if (topics.length > 0 && regex !== '')
    both('topics and topics.regex are mutually exclusive options, but both are set.');
  if (dead !== '' && topics.includes(dead)) {
    const message = `The DLQ topic '${dead}' may not be included in the list of topics ('topics=[${topics.join(', ')}]') consumed by the connector`;
    errors.push({ key: 'errors.deadletterqueue.topic.name', message, reason: 'conflict' });
  }
  if (regex !== '' && !isPattern(regex)) errors.push(invalid('topics.regex', regex, 'Invalid regex'));
  const odd = topics.filter((topic) => !/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || /^\.\.?$/.test(topic));
  return [...errors, ...odd.map((topic) => invalid('topics', topic, 'not a topic name'))];
}

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

function creationErrors(config: RawConfig): OptionError[] {
  const groups = listedNames(config['topic.creation.groups']);
  const used = Object.keys(config).some((key) => key.startsWith('topic.creation.'));
  if (!used) return [];
  const required = ['topic.creation.default.partitions', 'topic.creation.default.replication.factor'];
  const missing = required.filter((key) => config[key] === undefined).map(missingOption);
  const numbers = Object.entries(config).filter(([key]) =>
    /^topic\.creation\.[^.]+\.(?:partitions|replication\.factor)$/.test(key),
  );
  const wrong = numbers.filter(([, value]) => !/^(?:-1|[1-9]\d{0,5})$/.test(value.trim()));
  const strays = Object.keys(config).filter((key) => {
    const group = /^topic\.creation\.([^.]+)\..+$/.exec(key)?.[1];
    return group !== undefined && group !== 'default' && !groups.includes(group);
  });
  return [
    ...missing,
    ...wrong.map(([key, value]) => invalid(key, value, 'Value must be -1 (the default of the hub) or at least 1')),
    ...strays.map((key) => ({
      key,
      message: `${key} names a group that topic.creation.groups does not`,
      reason: 'conflict' as const,
    })),
  ];
}

function onceErrors(supported: boolean, config: RawConfig): OptionError[] {
  const keys = [
    ['exactly.once.support', 'required'],
    ['millrace.delivery', 'exactly-once'],
  ] as const;
  return keys
    .filter(([key, word]) => !supported && config[key]?.trim().toLowerCase() === word)
    .map(([key]) => ({ key, message: `${key}: the connector cannot deliver exactly once`, reason: 'conflict' }));
}

/** `told`: the problem in words that tell nothing of the value. */
function invalid(key: string, value: string, problem: string, told = problem): OptionError {
  const message = `Invalid value ${value} for configuration ${key}: ${problem}`;
  return { key, message, reason: 'invalid', problem: told };
}
