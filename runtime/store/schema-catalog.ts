import type { Schema } from '../record/schema.ts';

/** The schemas that schema headers name (D14), as the runners use them; `schemas.ts` is the real one. */
export interface SchemaCatalog {
  /** The schema's id. */
  id(schema: Schema): Uint8Array;
  /** Whether the schema is known to be durable: a batch that names it may be appended. */
  isDurable(schema: Schema): boolean;
  /** Makes the schemas durable. */
  ensure(schemas: Iterable<Schema>): Promise<void>;
  /** By id in hex digits; undefined: not seen yet, see {@link load}. */
  find(id: string): Schema | undefined;
  /** Reads on until all that is durable now is known. */
  load(): Promise<void>;
}
