import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MysqlServer } from '../../services/mysql.ts';
import type { Json, ParsedRecord, RecordText } from '../postgres/debezium-records.ts';
import { statementsOf } from '../postgres/sql-script.ts';

const FOLDER = fileURLToPath(new URL('../../fixtures/debezium-mariadb/', import.meta.url));

export function fixture(name: string): string {
  return readFileSync(`${FOLDER}${name}`, 'utf8');
}

export function recordedEvents(): RecordText[] {
  return fixture('records.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordText);
}

/** Runs a script's statements on one connection. */
export async function runScript(server: MysqlServer, script: string): Promise<void> {
  const connection = await server.connect();
  try {
    for (const statement of statementsOf(script)) await connection.query('the script', statement);
  } finally {
    await connection.close();
  }
}

const TIMES = /^ts_(?:ms|us|ns)$/;
const VOLATILE: ReadonlySet<string> = new Set(['version', 'd_ts', 'pos', 'file', 'gtid']);

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

function steady(json: Json, topic: string): Json {
  if (Array.isArray(json)) return json.map((item) => steady(item, topic));
  if (json === null || typeof json !== 'object') return json;
  if ('type' in json && 'optional' in json) return json;
  const made: { [key: string]: Json } = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === 'schema' && typeof value === 'object') made[name] = value;
    else if (TIMES.test(name) || VOLATILE.has(name)) made[name] = value === null ? null : typeof value;
    else if (name === 'id' && topic.endsWith('.transaction')) made[name] = 'GTID';
    else if (name === 'transaction' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
      made[name] = { ...value, id: 'GTID' };
    } else made[name] = steady(value, topic);
  }
  return made;
}
