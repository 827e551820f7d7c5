import type { Schema } from '../../record/schema.ts';
import type { SchemaDifference } from '../../rest/plan-answers.ts';
import type { MadeRecord, Outcome } from './outcome.ts';

const MOST = 200;

/** Type of each field by `topic`, part and path; of a field seen with several types all of them. */
type Fields = Map<string, { topic: string; part: 'key' | 'value'; field: string; types: Set<string> }>;

/** Where the schemas that come out differ; without a `before` all that come out. */
export function schemaDifferences(before: readonly Outcome[] | null, after: readonly Outcome[]): SchemaDifference[] {
  const old = fieldsOf(before ?? []);
  const fresh = fieldsOf(after);
  const differences: SchemaDifference[] = [];
  for (const [id, { topic, part, field }] of new Map([...old, ...fresh])) {
    const was = typesOf(old, id);
    const is = typesOf(fresh, id);
    if (was !== is) differences.push({ topic, part, field, before: was, after: is });
  }
  return differences.slice(0, MOST);
}

function typesOf(fields: Fields, id: string): string | null {
  const found = fields.get(id);
  return found === undefined ? null : [...found.types].toSorted().join(' | ');
}

function fieldsOf(outcomes: readonly Outcome[]): Fields {
  const fields: Fields = new Map();
  const seen = new Map<Schema, Set<string>>();
  for (const record of outcomes.flatMap(({ made }) => made)) {
    for (const part of ['key', 'value'] as const) addSchema(fields, record, part, seen);
  }
  return fields;
}

function addSchema(fields: Fields, record: MadeRecord, part: 'key' | 'value', seen: Map<Schema, Set<string>>): void {
  const schema = part === 'key' ? record.keySchema : record.valueSchema;
  if (schema === null) return;
  const places = seen.get(schema) ?? new Set();
  if (places.has(`${record.topic} ${part}`)) return;
  seen.set(schema, places.add(`${record.topic} ${part}`));
  walk(schema, '', (field, type) => {
    const id = JSON.stringify([record.topic, part, field]);
    const known = fields.get(id) ?? { topic: record.topic, part, field, types: new Set() };
    known.types.add(type);
    fields.set(id, known);
  });
}

function walk(schema: Schema, path: string, add: (field: string, type: string) => void): void {
  add(path, typeText(schema));
  for (const { name, schema: own } of schema.fields ?? []) walk(own, path === '' ? name : `${path}.${name}`, add);
  if (schema.keySchema !== undefined) walk(schema.keySchema, `${path}{key}`, add);
  if (schema.valueSchema !== undefined) walk(schema.valueSchema, `${path}[]`, add);
}

/** `int64 io.debezium.time.MicroTimestamp, optional` */
function typeText({ type, name, optional, parameters }: Schema): string {
  const details = Object.entries(parameters ?? {}).map(([key, value]) => `${key}=${value}`);
  const named = name === undefined ? type : `${type} ${name}`;
  const sized = details.length === 0 ? named : `${named}(${details.join(',')})`;
  return optional ? `${sized}, optional` : sized;
}
