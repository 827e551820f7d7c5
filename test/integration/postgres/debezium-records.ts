import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A record as the fixture has it; what we made takes the same form. */
export interface RecordText {
  readonly topic: string;
  readonly key: string | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly value: string | null;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface ParsedRecord {
  readonly key: Json;
  readonly headers: Json;
  readonly value: Json;
}

const FOLDER = fileURLToPath(new URL('../../fixtures/debezium-postgres/', import.meta.url));

export function fixture(name: string): string {
  return readFileSync(`${FOLDER}${name}`, 'utf8');
}

export function recordedEvents(): RecordText[] {
  return fixture('records.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordText);
}

/** By topic, in order. What varies from run to run is replaced by its kind. */
export function byTopic(records: readonly RecordText[]): Map<string, ParsedRecord[]> {
  const topics = new Map<string, ParsedRecord[]>();
  for (const { topic, key, headers, value } of records) {
    const parsed: ParsedRecord = {
      key: steady(parse(key), topic),
      headers: headers.map(([name, text]) => [name, name.endsWith('runId') ? 'RUN' : text]),
      value: steady(parse(value), topic),
    };
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [parsed]);
    else known.push(parsed);
  }
  return topics;
}

/** Numbers outside ±2^53 stay what they are: text. */
function parse(text: string | null): Json {
  if (text === null) return null;
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? `#${context?.source}`
      : value,
  ) as Json;
}

const TIMES = /^ts_(?:ms|us|ns)$/;
const VOLATILE: ReadonlySet<string> = new Set(['lsn', 'txId', 'sequence', 'version', 'd_ts', 'd_uuid']);

function steady(json: Json, topic: string): Json {
  if (Array.isArray(json)) return json.map((item) => steady(item, topic));
  if (json === null || typeof json !== 'object') return json;
  if ('type' in json && 'optional' in json) return json;
  const made: { [key: string]: Json } = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === 'schema' && typeof value === 'object') made[name] = value;
    else if (TIMES.test(name) || VOLATILE.has(name)) made[name] = value === null ? null : typeof value;
    else if (name === 'id' && topic.endsWith('.transaction')) made[name] = shape(value);
    else if (name === 'transaction' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
      made[name] = { ...value, id: shape(value['id'] ?? null) };
    } else if (topic.endsWith('.signals') && (name === 'id' || name === 'data') && typeof value === 'string') {
      made[name] = value.replace(/^[0-9a-f-]{36}/, 'UUID').replace(/\d{4}-[^"]*Z/g, 'TIME');
    } else made[name] = steady(value, topic);
  }
  return made;
}

function shape(value: Json): Json {
  return typeof value === 'string' ? value.replace(/\d+/g, 'N') : value;
}
