import { readFileSync } from 'node:fs';
import { JsonConverter } from '../../../runtime/convert/json-converter.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { findPredicate, findTransform } from '../../../runtime/transform/registry.ts';
import type { Case } from '../../generate/transform-fixtures/data.ts';
import { TransformRecord } from '../../../runtime/transform/transform-record.ts';
import type { Transformed } from '../../../runtime/transform/transform.ts';

/** JSON as read here: numbers are their canonical text, so that no digit is lost. */
export type Json = null | boolean | string | readonly Json[] | { readonly [key: string]: Json };
type JsonMap = { readonly [key: string]: Json };

/** What one of Kafka's or Debezium's classes answered. */
export interface Recorded {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, string>>;
  readonly sink: boolean;
  readonly records: readonly JsonMap[];
  readonly outputs: readonly Json[];
  /** Its configuration was refused. */
  readonly error: string | null;
}

const converter = new JsonConverter({ 'schemas.enable': 'true', 'replace.null.with.default': 'false' });

/** The cases with what Kafka's and Debezium's classes answered. */
export function recordedCases(file: string, cases: readonly Case[]): readonly Recorded[] {
  const text = readFileSync(new URL(`../../fixtures/transform/${file}`, import.meta.url), 'utf8');
  const lines = text.trimEnd().split('\n');
  if (lines.length !== cases.length) throw new Error(`${file} has ${lines.length} of ${cases.length} cases`);
  return cases.map((one, i) => recorded(one, parseJson(lines[i] ?? '') as JsonMap));
}

function recorded(one: Case, line: JsonMap): Recorded {
  if (line['name'] !== one.name) throw new Error(`the fixture is of other cases: ${one.name}`);
  const error = line['error'] as JsonMap | undefined;
  const records = parseJson(JSON.stringify(one.records)) as readonly JsonMap[];
  const outputs = (line['outputs'] ?? []) as readonly Json[];
  return {
    name: one.name,
    className: one.class,
    config: one.config as Record<string, string>,
    sink: one['sink'] === true,
    records,
    outputs: outputs.map((output, i) => whole(records[i] ?? {}, output)),
    error: error === undefined ? null : String(error['message']),
  };
}

/** The fixture has only what is not as in the record. */
function whole(record: JsonMap, output: Json): Json {
  if (output === null || typeof output !== 'object' || Array.isArray(output) || 'error' in output) return output;
  const made = output as JsonMap;
  const members = ['topic', 'partition', 'key', 'value', 'headers', 'timestamp'];
  return Object.fromEntries(members.map((name) => [name, (name in made ? made[name] : record[name]) ?? null]));
}

function parseJson(text: string): Json {
  const reviver = (_key: string, value: unknown, context: { readonly source?: string }): unknown => {
    if (typeof value !== 'number') return value;
    const source = context.source ?? String(value);
    return /^-?\d+$/.test(source) ? `#${BigInt(source)}` : `#${value}`;
  };
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as Json;
}

/** The text of JSON as {@link parseJson} read it. */
function jsonText(json: Json): string {
  return JSON.stringify(json).replaceAll(/"#(-?[\d.eE+-]+)"/g, '$1');
}

/** What we answer: per record an output as recorded ones are, or the message of the refusal. */
export function answer(one: Recorded): { readonly outputs: readonly Json[]; readonly error: string | null } {
  try {
    return { outputs: outputs(one), error: null };
  } catch (error) {
    if (!(error instanceof MillraceError) || error.kind !== 'config') throw error;
    return { outputs: [], error: error.message };
  }
}

function outputs({ className, config, records, sink }: Recorded): readonly Json[] {
  const predicate = findPredicate(className)?.create(config);
  if (predicate !== undefined) return records.map((record) => predicate.test(fromJson(record, sink)));
  const found = findTransform(className);
  if (found === undefined) throw new Error(`there is no ${className}`);
  const transform = found.kind.create(config, found.side);
  return records.map((record) => {
    try {
      return toJson(transform.apply(fromJson(record, sink)));
    } catch (error) {
      if (!(error instanceof MillraceError) || error.kind !== 'data') throw error;
      return { error: { message: error.message } };
    }
  });
}

const number = (json: Json | undefined): number | undefined =>
  json === null || json === undefined ? undefined : Number(String(json).slice(1));

/** A record of a case. */
export function fromJson(record: JsonMap, sink: boolean): TransformRecord {
  const key = datum(record['key'] ?? null);
  const value = datum(record['value'] ?? null);
  return new TransformRecord({
    topic: String(record['topic']),
    partition: number(record['partition']),
    keySchema: key.schema,
    key: key.value,
    valueSchema: value.schema,
    value: value.value,
    headers: ((record['headers'] ?? []) as readonly JsonMap[]).map((header) => {
      return { key: String(header['key']), ...datum(header['value'] ?? null) };
    }),
    timestampMs: number(record['timestamp']),
    ...(sink ? { offset: BigInt(number(record['offset']) ?? 0) } : {}),
  });
}

function datum(json: Json): Datum {
  return json === null ? { schema: null, value: null } : converter.decode('t', Buffer.from(jsonText(json)), []);
}

/** As recorded outputs are. */
export function toJson(made: Transformed): Json {
  if (made === null) return null;
  if (!(made instanceof TransformRecord)) return made.map(toJson);
  return {
    topic: made.topic,
    partition: made.partition === undefined ? null : `#${made.partition}`,
    key: envelope({ schema: made.keySchema, value: made.key }),
    value: envelope({ schema: made.valueSchema, value: made.value }),
    headers: made.headers.map(({ key, ...header }) => ({ key, value: envelope(header) })),
    timestamp: made.timestampMs === undefined ? null : `#${made.timestampMs}`,
  };
}

function envelope(of: Datum): Json {
  try {
    const bytes = converter.encode('t', of);
    return bytes === null ? null : parseJson(Buffer.from(bytes).toString());
  } catch (error) {
    return { unwritable: { message: error instanceof Error ? error.message : String(error) } };
  }
}
