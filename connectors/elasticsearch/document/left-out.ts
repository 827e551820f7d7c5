import type { Datum } from '../../../runtime/record/record.ts';
import type { StructValue, Value } from '../../../runtime/record/value.ts';
import { entryName, fieldAt } from './field-path.ts';

/** Finds columns whose value the source did not send, because an update left them as they were. */
export class LeftOut {
  readonly #text: string;
  readonly #bytes: Buffer;
  readonly #base64: string;
  /** How it looks in JSON. */
  readonly #shown: readonly Buffer[];

  /** `placeholder`: what stands in their place. */
  constructor(placeholder: string) {
    this.#text = placeholder;
    this.#bytes = Buffer.from(placeholder, 'utf8');
    this.#base64 = this.#bytes.toString('base64');
    const quoted = JSON.stringify(placeholder).slice(1, -1);
    const numbers = [...this.#bytes].slice(0, 4).join(',');
    this.#shown = [quoted, this.#base64, `[${numbers}`].map((text) => Buffer.from(text));
  }

  /**
   * Names of a row's columns that show the placeholder; null: none does. A source that sent a column's
   * value before the change would have sent the new one: there the placeholder is the value.
   */
  of({ value }: Datum, before: Datum | undefined): ReadonlySet<string> | null {
    if (value === null || typeof value !== 'object') return null;
    let found: Set<string> | null = null;
    const entries = value instanceof Map ? (value as ReadonlyMap<Value, Value>) : Object.entries(value as StructValue);
    for (const [name, field] of entries) {
      if (!this.#is(field)) continue;
      const column = entryName(name);
      if (before !== undefined && (fieldAt(before, [column])?.value ?? null) !== null) continue;
      (found ??= new Set()).add(column);
    }
    return found;
  }

  /** Whether the JSON of a row could show it: never no where it does, as the hub's JSON is written. */
  mayBeIn(json: Uint8Array): boolean {
    const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
    return this.#shown.some((shown) => bytes.includes(shown));
  }

  /** In text as it is, in bytes as UTF-8, in an array as its one item or as its numbers. */
  #is(value: Value): boolean {
    if (typeof value === 'string') return value === this.#text || value === this.#base64;
    if (value === null || typeof value !== 'object') return false;
    if (value instanceof Uint8Array) return this.#bytes.equals(value);
    if (value instanceof Map) return value.size === 1 && value.has(this.#text);
    if (!Array.isArray(value)) return false;
    const items = value as readonly Value[];
    if (items.length === 1) return this.#is(items[0] ?? null);
    return items.length === this.#bytes.length && items.every((item, i) => Number(item) === this.#bytes[i]);
  }
}
