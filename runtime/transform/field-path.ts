import type { RawConfig } from '../connector/options.ts';
import { option } from '../connector/options.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';
import { isMap, isStruct, javaClass } from './java-class.ts';
import { requireMapOrNull } from './requirements.ts';
import { rejected, wrongOption } from './transform-error.ts';

export type SyntaxVersion = 'V1' | 'V2';

/** Declared by every transform that names fields; Connect has it in ExtractField only. */
export const fieldSyntax = {
  'field.syntax.version': option.oneOf(['V1', 'V2'], {
    doc: 'How fields are named. V1: a name at the top level. V2: a path, its steps separated by dots; a step that has dots itself is put between backticks.',
    importance: 'HIGH',
    default: 'V1',
  }),
} as const;

/** The syntax version of a configuration whose options were checked. */
export function syntaxOf(config: RawConfig): SyntaxVersion {
  return config['field.syntax.version']?.trim().toUpperCase() === 'V2' ? 'V2' : 'V1';
}

/** Where a field is: names from the outside in, at least one. */
export type FieldPath = readonly string[];

/** Reads a path as KIP-821 defines it. `key`: the option it comes from. */
export function fieldPath(text: string, version: SyntaxVersion, key: string): FieldPath {
  if (version === 'V1' || text === '') return [text];
  const steps: string[] = [];
  let at = 0;
  while (at < text.length) {
    const step = text[at] === '`' ? quotedStep(text, at, key) : plainStep(text, at);
    steps.push(step.name);
    at = step.next;
  }
  if (text.endsWith('.')) steps.push('');
  return steps;
}

interface Step {
  readonly name: string;
  /** Where the next step begins. */
  readonly next: number;
}

function plainStep(text: string, start: number): Step {
  const dot = text.indexOf('.', start);
  return dot < 0 ? { name: text.slice(start), next: text.length } : { name: text.slice(start, dot), next: dot + 1 };
}

/** A step between backticks: one ends it only before a dot or at the end, and not after a backslash. */
function quotedStep(text: string, start: number, key: string): Step {
  let name = '';
  let from = start + 1;
  let at = from;
  for (;;) {
    at = text.indexOf('`', at);
    const escaped = at > 0 && text[at - 1] === '\\';
    const last = at === text.length - 1;
    if (at < 0 || (last && escaped)) throw unclosed(text, start, key);
    if (last) return { name: name + text.slice(from, at), next: text.length };
    if (text[at + 1] === '.' && !escaped) return { name: name + text.slice(from, at), next: at + 2 };
    if (text[at + 1] === '.') {
      name += `${text.slice(from, at - 1)}\``;
      from = at + 1;
    }
    at++;
  }
}

function unclosed(text: string, at: number, key: string): Error {
  return wrongOption(
    key,
    `Incomplete backtick pair in path: [${text}], consider adding a backslash before backtick at position ${at} to escape it`,
  );
}

export function fieldOf(schema: Schema, name: string): Schema | undefined {
  return schema.fields?.find((field) => field.name === name)?.schema;
}

/** The schema at a path; undefined: there is no such field. */
export function schemaAt(schema: Schema, path: FieldPath): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const name of path) {
    if (current === undefined) return undefined;
    if (current.type !== 'struct') {
      throw rejected('TYPE', 'Cannot look up fields on non-struct type');
    }
    current = fieldOf(current, name);
  }
  return current;
}

const NESTED = 'nested field access';

/** The value at a path; null where any step of it is missing or null. */
export function valueAt(schema: Schema | null, value: Value, path: FieldPath, withDefaults: boolean): Value {
  return schema === null ? untypedAt(value, path) : typedAt(schema, value, path, withDefaults);
}

function untypedAt(value: Value, path: FieldPath): Value {
  let current = requireMapOrNull(value, NESTED);
  for (let i = 0; i < path.length - 1; i++) {
    if (current === null) return null;
    current = requireMapOrNull(current.get(path[i] ?? '') ?? null, NESTED);
  }
  return current?.get(path.at(-1) ?? '') ?? null;
}

function typedAt(schema: Schema, value: Value, path: FieldPath, withDefaults: boolean): Value {
  let type: Schema | undefined = schema;
  let current: Value = value;
  for (let i = 0; i < path.length; i++) {
    if (current === null) return null;
    if (!isStruct(current)) {
      throw rejected('TYPE', `Only Struct objects supported for [${NESTED}], found: ${javaClass(type, current)}`);
    }
    const name: string = path[i] ?? '';
    type = fieldOf(type, name);
    if (type === undefined) return null;
    const found: Value = current[name] ?? null;
    current = found === null && (withDefaults || i < path.length - 1) ? (type.defaultValue ?? null) : found;
  }
  return current;
}

/** Changes a field of a map that is the transform's own copy. */
export type MapChange = (holder: Map<Value, Value>, name: string) => void;

/** A copy of the map with a change made at each path; a path through what is no map changes nothing. */
export function editedMap(
  map: ReadonlyMap<Value, Value>,
  paths: readonly FieldPath[],
  change: (path: FieldPath) => MapChange,
): ReadonlyMap<Value, Value> {
  const copy = new Map(map);
  for (const path of paths) editMap(copy, path, change(path));
  return copy;
}

function editMap(holder: Map<Value, Value>, [first = '', ...rest]: FieldPath, change: MapChange): void {
  if (rest.length === 0) return change(holder, first);
  const inner = holder.get(first) ?? null;
  if (!isMap(inner)) return;
  const copy = new Map(inner);
  editMap(copy, rest, change);
  holder.set(first, copy);
}
