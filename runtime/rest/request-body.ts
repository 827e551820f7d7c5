import type { ConnectorOffset } from '../cluster/answers.ts';
import { invalidConfig } from '../cluster/config-checks.ts';
import type { OptionError } from '../connector/options.ts';
import { nameProblem } from '../connector/validate.ts';
import { MillraceError } from '../record/error.ts';
import type { JsonObject } from '../record/record.ts';
import type { TargetState } from '../store/configs.ts';
import { RestError } from './rest-error.ts';
import { requireUtf8, requireWellFormed } from './well-formed.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Characters of a connector's name; a longer one could not be asked for in a path. */
const MAX_NAME = 1000;

/** Parses the bytes of a body. */
function parseJson(body: unknown): unknown {
  if (Buffer.isBuffer(body)) requireUtf8(body);
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : '';
  if (text.trim() === '') throw new RestError(400, 'The request has no body; a JSON document is needed');
  const parsed = parseText(text);
  if (HALF_PAIR.test(text)) requireWellFormed(parsed);
  return parsed;
}

/** Where there is no escape of one, there is none. */
const HALF_PAIR = /\\u[dD][89a-fA-F]/;

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // What the parser says quotes the body, and with it passwords (I9).
    const [where = 'malformed'] = /at position \d+(?: \(line \d+ column \d+\))?/.exec(String(error)) ?? [];
    throw new RestError(400, `The body is not JSON: ${where}`);
  }
}

function readObject(body: unknown, what: string): Fields {
  const parsed = parseJson(body);
  if (isObject(parsed)) return parsed;
  throw new RestError(400, `The body must be ${what}, not ${kindOf(parsed)}`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is missing is not called null. */
function mustBeObject(value: unknown): string {
  return value === undefined ? 'is missing: a JSON object is needed' : `must be a JSON object, not ${kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** A flat map of texts; numbers and booleans become their text, as Connect's parser does it. */
function readTexts(fields: Fields): Record<string, string | null> {
  const texts: [string, string | null][] = Object.entries(fields).map(([key, value]) => {
    if (value === null || typeof value === 'string') return [key, value];
    if (typeof value === 'number' || typeof value === 'boolean') return [key, String(value)];
    throw new RestError(400, `The value of ${key} must be a text, number or boolean, not ${kindOf(value)}`, { key });
  });
  return Object.fromEntries(texts);
}

/** Refuses nulls: in a configuration there is no such value. */
function withoutNulls(texts: Record<string, string | null>): Record<string, string> {
  const nulls = Object.keys(texts).filter((key) => texts[key] === null);
  if (nulls.length === 0) return texts as Record<string, string>;
  throw invalidConfig(nulls.map(nullError));
}

function nullError(key: string): OptionError {
  return {
    key,
    message: `Null value can not be supplied as the configuration value of ${key}.`,
    reason: 'invalid',
  };
}

export function readConfig(body: unknown): Record<string, string> {
  return withoutNulls(readTexts(readObject(body, 'a JSON object of configuration keys')));
}

/** A configuration within a body. */
export function readConfigOf(config: unknown, what: string): Record<string, string> {
  if (!isObject(config)) throw new RestError(400, `${what} ${mustBeObject(config)}`, { key: 'config' });
  return withoutNulls(readTexts(config));
}

/** An object of which only these fields are known. */
export function readFields(body: unknown, what: string, known: readonly string[]): Fields {
  const fields = readObject(body, what);
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown === undefined) return fields;
  throw new RestError(
    400,
    `Unrecognized field "${unknown}": known ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`,
    { key: unknown, remedy: `Leave ${unknown} out, or correct its name.` },
  );
}

/** As {@link readConfig}, for validation: a null is a key that is not there. */
export function readLooseConfig(body: unknown): Record<string, string> {
  const texts = Object.entries(readTexts(readObject(body, 'a JSON object of configuration keys')));
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** A merge patch: null removes a key. */
export function readPatch(body: unknown): Record<string, string | null> {
  return readTexts(readObject(body, 'a JSON object of configuration keys'));
}

/** The name of a connector that may become a new one. */
export function checkedName(name: string): string {
  const problem =
    name.length > MAX_NAME ? `name must have at most ${MAX_NAME} characters, not ${name.length}` : nameProblem(name);
  if (problem === null) return name;
  throw new MillraceError('CONFIG_INVALID', problem, { kind: 'config', key: 'name', remedy: 'Give it another name.' });
}

const CREATE_FIELDS = ['name', 'config', 'initial_state', 'initial_offsets'];

interface CreateRequest {
  readonly name: string;
  readonly config: Record<string, string>;
  readonly target: TargetState;
  /** Where it begins; empty: where its connector says. */
  readonly offsets: readonly ConnectorOffset[];
}

export function readCreate(body: unknown): CreateRequest {
  const fields = readFields(body, 'a JSON object with name and config', CREATE_FIELDS);
  const { name, config, initial_state: state, initial_offsets: offsets } = fields;
  const texts = readConfigOf(config, 'config');
  if (name !== undefined && name !== null && typeof name !== 'string' && typeof name !== 'number') {
    throw new RestError(400, `name must be a text, not ${kindOf(name)}`, { key: 'name' });
  }
  const named = name === undefined || name === null ? (texts['name'] ?? '') : String(name);
  return {
    name: checkedName(named.trim()),
    config: texts,
    target: readInitialState(state),
    offsets: readInitialOffsets(offsets),
  };
}

const INITIAL: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' };

function readInitialState(state: unknown): TargetState {
  if (state === undefined || state === null) return 'STARTED';
  const target = typeof state === 'string' ? INITIAL[state.toUpperCase()] : undefined;
  if (target !== undefined) return target;
  throw new RestError(400, `initial_state must be one of RUNNING, PAUSED, STOPPED, not ${JSON.stringify(state)}`, {
    key: 'initial_state',
  });
}

/** Offsets a connector begins at (KIP-995). */
function readInitialOffsets(offsets: unknown): readonly ConnectorOffset[] {
  if (offsets === undefined || offsets === null) return [];
  if (!Array.isArray(offsets))
    throw new RestError(400, `initial_offsets must be an array, not ${kindOf(offsets)}`, { key: 'initial_offsets' });
  return offsets.map(readOffset);
}

export function readOffsets(body: unknown): readonly ConnectorOffset[] {
  const { offsets } = readFields(body, 'a JSON object with offsets', ['offsets']);
  if (offsets === undefined || offsets === null || (Array.isArray(offsets) && offsets.length === 0)) {
    throw new RestError(400, 'Partitions / offsets need to be provided for an alter offsets request', {
      key: 'offsets',
      remedy:
        'Give {"offsets": [{"partition": {…}, "offset": {…}}]}: GET of the same path shows those that are stored.',
    });
  }
  if (!Array.isArray(offsets))
    throw new RestError(400, `offsets must be an array, not ${kindOf(offsets)}`, { key: 'offsets' });
  return offsets.map(readOffset);
}

function readOffset(entry: unknown): ConnectorOffset {
  if (!isObject(entry))
    throw new RestError(400, `An offset must be a JSON object, not ${kindOf(entry)}`, { key: 'offsets' });
  const { partition, offset = null } = entry;
  if (!isObject(partition)) throw new RestError(400, 'Partition objects cannot be null', { key: 'partition' });
  if (offset !== null && !isObject(offset))
    throw new RestError(400, `offset must be a JSON object or null, not ${kindOf(offset)}`, { key: 'offset' });
  return { partition: partition as JsonObject, offset: offset as JsonObject | null };
}

/** The wanted log level; null: none is given. */
export function readLevel(body: unknown): string | null {
  const { level } = readObject(body, 'a JSON object with level');
  if (level === undefined || level === null) return null;
  return typeof level === 'string' ? level : JSON.stringify(level);
}

interface CreateTopicRequest {
  readonly name: string;
  readonly partitions: number;
  readonly config: Record<string, string>;
}

export function readCreateTopic(body: unknown): CreateTopicRequest {
  const { name, partitions = 1, config = {} } = readObject(body, 'a JSON object with name, partitions, config');
  if (typeof name !== 'string' || name === '')
    throw new RestError(400, 'name must be the name of a topic', { key: 'name' });
  return { name, partitions: readPartitions(partitions), config: readConfigOf(config, 'config') };
}

/** What is changed of a topic: how many partitions it has, or settings (null: the default again). */
export function readAlterTopic(
  body: unknown,
): { readonly partitions: number } | { readonly config: Record<string, string | null> } {
  const { partitions, config } = readFields(body, 'a JSON object with partitions or config', ['partitions', 'config']);
  if (config === undefined) return { partitions: readPartitions(partitions) };
  if (partitions !== undefined) {
    const remedy = 'Send two requests: one with partitions, one with config.';
    throw new RestError(400, 'partitions and config are altered one after the other', { key: 'partitions', remedy });
  }
  if (!isObject(config)) throw new RestError(400, `config ${mustBeObject(config)}`, { key: 'config' });
  return { config: readTexts(config) };
}

function readPartitions(partitions: unknown): number {
  if (typeof partitions === 'number' && Number.isInteger(partitions) && partitions >= 1 && partitions <= 10_000)
    return partitions;
  throw new RestError(400, 'partitions must be a whole number from 1 to 10000', { key: 'partitions' });
}
