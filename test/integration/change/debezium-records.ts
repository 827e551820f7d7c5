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

/** How one database's records vary from run to run. */
export interface RecordsOfDatabase {
  /** Below `test/fixtures`. */
  readonly folder: string;
  /** Fields of which only the type counts, beside the times. */
  readonly volatile: readonly string[];
  readonly transactionId: (id: Json) => Json;
  /** Ids and data of a table of signals. */
  readonly signal?: (text: string) => string;
}

export interface DebeziumRecords {
  readonly fixture: (name: string) => string;
  readonly recordedEvents: () => RecordText[];
  /** By topic, in order. What varies from run to run is replaced by its kind. */
  readonly byTopic: (records: readonly RecordText[]) => Map<string, ParsedRecord[]>;
}

export function debeziumRecords(database: RecordsOfDatabase): DebeziumRecords {
  const folder = fileURLToPath(new URL(`../../fixtures/${database.folder}/`, import.meta.url));
  const volatile = new Set(database.volatile);
  const fixture = (name: string): string => readFileSync(`${folder}${name}`, 'utf8');
  return {
    fixture,
    recordedEvents: () =>
      fixture('records.jsonl')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as RecordText),
    byTopic: (records) => {
      const topics = new Map<string, ParsedRecord[]>();
      for (const record of records) {
        const parsed = steadyRecord(record, database, volatile);
        const known = topics.get(record.topic);
        if (known === undefined) topics.set(record.topic, [parsed]);
        else known.push(parsed);
      }
      return topics;
    },
  };
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

function steadyRecord(
  { topic, key, headers, value }: RecordText,
  { transactionId, signal }: RecordsOfDatabase,
  volatile: ReadonlySet<string>,
): ParsedRecord {
  const steady = (json: Json): Json => {
    if (Array.isArray(json)) return json.map(steady);
    if (json === null || typeof json !== 'object') return json;
    if ('type' in json && 'optional' in json) return json;
    return Object.fromEntries(Object.entries(json).map(([name, inner]) => [name, steadyField(name, inner)]));
  };
  const steadyField = (name: string, json: Json): Json => {
    if (name === 'schema' && typeof json === 'object') return json;
    if (TIMES.test(name) || volatile.has(name)) return json === null ? null : typeof json;
    if (name === 'id' && topic.endsWith('.transaction')) return transactionId(json);
    if (name === 'transaction' && json !== null && typeof json === 'object' && !Array.isArray(json)) {
      return { ...json, id: transactionId(json['id'] ?? null) };
    }
    const signals = topic.endsWith('.signals') && (name === 'id' || name === 'data');
    if (signals && signal !== undefined && typeof json === 'string') return signal(json);
    return steady(json);
  };
  return {
    key: steady(parse(key)),
    headers: headers.map(([name, text]) => [name, name.endsWith('runId') ? 'RUN' : text]),
    value: steady(parse(value)),
  };
}
