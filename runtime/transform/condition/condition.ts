import { Decimal } from '../../record/decimal.ts';
import type { Value } from '../../record/value.ts';
import type { FieldPath } from '../field-path.ts';
import { isMap, isStruct } from '../java-class.ts';
import { pattern } from '../pattern.ts';
import type { Parts } from './layout-record.ts';
import { parseCondition, type Comparison, type Condition, type Literal, type Operand } from './syntax.ts';

export type Test = (record: Parts) => boolean;

/**
 * A condition as a function. A part of the record that is missing or null fulfils no comparison; neither
 * does one of another type. Numbers are compared exactly, texts by code unit.
 */
export function conditionOf(key: string, text: string): Test {
  return compile(key, parseCondition(key, text));
}

function compile(key: string, condition: Condition): Test {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.parts.map((part) => compile(key, part));
      return (record) => parts.every((part) => part(record));
    }
    case 'or': {
      const parts = condition.parts.map((part) => compile(key, part));
      return (record) => parts.some((part) => part(record));
    }
    case 'not': {
      const part = compile(key, condition.part);
      return (record) => !part(record);
    }
    case 'null': {
      const read = reader(condition.operand);
      return (record) => read(record) === null;
    }
    case 'matches': {
      const read = reader(condition.operand);
      const expression = pattern(key, condition.pattern);
      return (record) => {
        const value = read(record);
        return typeof value === 'string' && expression.matches(value);
      };
    }
    case 'in': {
      const read = reader(condition.operand);
      return (record) => condition.list.some((literal) => compare(read(record), literal) === 0);
    }
    case 'compare':
      return comparison(reader(condition.operand), condition.by, condition.to);
  }
}

function comparison(read: Read, by: Comparison, to: Literal): Test {
  return (record) => {
    const order = compare(read(record), to);
    if (order === null) return false;
    switch (by) {
      case '=':
        return order === 0;
      case '!=':
        return order !== 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      case '>=':
        return order >= 0;
    }
  };
}

/** Below 0, 0 or above 0; null: they do not compare. */
function compare(value: Value, literal: Literal): number | null {
  if (typeof literal === 'string') {
    if (typeof value !== 'string') return null;
    return value === literal ? 0 : value < literal ? -1 : 1;
  }
  if (typeof literal === 'boolean') {
    return typeof value === 'boolean' ? Number(value) - Number(literal) : null;
  }
  const number = decimalOf(value);
  if (number === null) return null;
  const scale = Math.max(number.scale, literal.scale);
  const [a, b] = [number.rescale(scale)?.unscaled ?? 0n, literal.rescale(scale)?.unscaled ?? 0n];
  return a === b ? 0 : a < b ? -1 : 1;
}

function decimalOf(value: Value): Decimal | null {
  if (typeof value === 'bigint') return new Decimal(value, 0);
  if (typeof value === 'number') return Number.isFinite(value) ? Decimal.parse(String(value)) : null;
  return value instanceof Decimal ? value : null;
}

type Read = (record: Parts) => Value;

/** Reads a part of a record; null where it is not there. */
export function reader(operand: Operand): Read {
  switch (operand.of) {
    case 'topic':
      return (record) => record.topic;
    case 'partition':
      return (record) => record.partition ?? null;
    case 'timestamp':
      return (record) => record.timestampMs ?? null;
    case 'offset':
      return (record) => record.offset ?? null;
    case 'header':
      return (record) => record.headers.findLast(({ key }) => key === operand.name)?.value ?? null;
    case 'key':
      return (record) => at(record.key, operand.path);
    case 'value':
      return (record) => at(record.value, operand.path);
  }
}

function at(value: Value, path: FieldPath): Value {
  let current = value;
  for (const step of path) {
    if (isMap(current)) current = current.get(step) ?? null;
    else if (isStruct(current)) current = current[step] ?? null;
    else return null;
  }
  return current;
}

/** A value as it stands in a topic name; null: it cannot. */
export function nameText(value: Value): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return value instanceof Decimal ? value.toString() : null;
}
