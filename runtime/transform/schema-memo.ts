import type { Schema } from '../record/schema.ts';

/**
 * What is made of a schema, once per schema instance: records of one table carry the same instance,
 * so mostly it is the last one again.
 */
export class SchemaMemo<T> {
  readonly #make: (schema: Schema) => T;
  readonly #known = new WeakMap<Schema, { readonly made: T }>();
  #lastSchema: Schema | null = null;
  #last: T | undefined;

  constructor(make: (schema: Schema) => T) {
    this.#make = make;
  }

  of(schema: Schema): T {
    if (schema === this.#lastSchema) return this.#last as T;
    let entry = this.#known.get(schema);
    if (entry === undefined) {
      entry = { made: this.#make(schema) };
      this.#known.set(schema, entry);
    }
    this.#lastSchema = schema;
    this.#last = entry.made;
    return entry.made;
  }
}
