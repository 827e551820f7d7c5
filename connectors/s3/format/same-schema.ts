import { Decimal } from '../../../runtime/record/decimal.ts';
import type { Schema } from '../../../runtime/record/schema.ts';

const TEXTS = new WeakMap<Schema, string>();

/** Whether two schemas mean the same columns. Instances are compared first, texts are made once each. */
export function sameSchema(left: Schema, right: Schema): boolean {
  return left === right || text(left) === text(right);
}

function text(schema: Schema): string {
  let known = TEXTS.get(schema);
  if (known === undefined) {
    known = JSON.stringify(schema, plain);
    TEXTS.set(schema, known);
  }
  return known;
}

/** Documentation is not part of a type; defaults may be of any kind. */
function plain(key: string, value: unknown): unknown {
  if (key === 'doc') return undefined;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Decimal) return `${value.toString()}d`;
  return value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : value;
}
