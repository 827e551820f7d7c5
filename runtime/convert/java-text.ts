import { Decimal } from '../record/decimal.ts';
import { doubleText, floatText } from '../record/json-number.ts';
import { CONNECT_DATE, CONNECT_TIME, CONNECT_TIMESTAMP } from '../record/logical-types.ts';
import type { Schema } from '../record/schema.ts';
import type { Value } from '../record/value.ts';

const DAY_MS = 86_400_000;

/** A number, boolean or string as Java's `toString` has it; undefined: another kind of value. */
export function scalarText(schema: Schema | null, value: Value): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      if (schema?.type === 'float') return floatText(value);
      if (schema?.type === 'double' || !Number.isSafeInteger(value)) return doubleText(value);
      return String(value);
    default:
      return value instanceof Decimal ? value.toScientific() : undefined;
  }
}

/**
 * Connect's text of its own dates and times: `yyyy-MM-dd`, `HH:mm:ss.SSSZ` or both, chosen by the
 * instant alone, as Connect does. undefined: not of such a type.
 */
export function instantText(schema: Schema | null, value: Value): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const unit = schema?.name === CONNECT_DATE ? DAY_MS : 1;
  if (unit === 1 && schema?.name !== CONNECT_TIME && schema?.name !== CONNECT_TIMESTAMP) return undefined;
  const ms = Number(value) * unit;
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return undefined;
  const iso = date.toISOString();
  if (ms < DAY_MS) return iso.slice(iso.indexOf('T') + 1);
  return ms % DAY_MS === 0 ? iso.slice(0, iso.indexOf('T')) : iso;
}
