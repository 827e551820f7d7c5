import { parseSchema } from '../record/schema-json.ts';
import type { Schema } from '../record/schema.ts';

const NULL_TEXT = Buffer.from('null');

/** Schemas by their JSON text, the least recently used forgotten first; the same text gives the same instance. */
export class SchemaCache {
  readonly #size: number;
  readonly #known = new Map<string, Schema>();
  #lastText = Buffer.alloc(0);
  #last: Schema | null = null;

  constructor(size: number) {
    this.#size = size;
  }

  /** The schema of a JSON text; null for `null`. Throws as `parseSchema`. */
  schema(text: Buffer): Schema | null {
    if (text.equals(NULL_TEXT)) return null;
    // Records of one topic mostly carry one schema: no string is made for it.
    if (this.#last !== null && text.equals(this.#lastText)) return this.#last;
    const key = text.toString('latin1');
    const schema = this.#known.get(key) ?? parseSchema(text);
    this.#known.delete(key);
    this.#known.set(key, schema);
    if (this.#known.size > this.#size) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#lastText = Buffer.from(text);
    this.#last = schema;
    return schema;
  }
}
