import type { Schema } from '../../record/schema.ts';
import type { RawHeader } from '../../record/record.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import type { TaskConverters } from '../task-converters.ts';
import { schemaHeader } from '../schema-header.ts';

/** Which schema header a record of these schemas carries, if any: where the converters' bytes name none. */
export class SchemaHeaders {
  readonly #catalog: SchemaCatalog | null;
  readonly #key: boolean;
  readonly #value: boolean;
  /** The one made last: records of one table have the same. */
  #last: { readonly key: Schema | null; readonly value: Schema | null; readonly header: RawHeader | undefined };

  /** `catalog`: null where the header is turned off. */
  constructor(catalog: SchemaCatalog | null, converters: TaskConverters) {
    this.#catalog = catalog;
    this.#key = converters.key.schemaHeader;
    this.#value = converters.value.schemaHeader;
    this.#last = { key: null, value: null, header: undefined };
  }

  /** Adds to `missing` what must be made durable before such a record is appended. */
  collect(key: Schema | null, value: Schema | null, missing: Set<Schema>): void {
    const catalog = this.#catalog;
    if (catalog === null) return;
    if (this.#key && key !== null && !catalog.isDurable(key)) missing.add(key);
    if (this.#value && value !== null && !catalog.isDurable(value)) missing.add(value);
  }

  async ensure(missing: ReadonlySet<Schema>): Promise<void> {
    if (missing.size > 0) await this.#catalog?.ensure(missing);
  }

  /** Of the same schemas as the call before: the same header. */
  header(key: Schema | null, value: Schema | null): RawHeader | undefined {
    const catalog = this.#catalog;
    if (catalog === null) return undefined;
    const last = this.#last;
    if (key === last.key && value === last.value) return last.header;
    const keyId = this.#key && key !== null ? catalog.id(key) : null;
    const valueId = this.#value && value !== null ? catalog.id(value) : null;
    const header = schemaHeader(keyId, valueId);
    this.#last = { key, value, header };
    return header;
  }
}
