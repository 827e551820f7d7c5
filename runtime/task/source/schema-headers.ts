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

  /** `catalog`: null where the header is turned off. */
  constructor(catalog: SchemaCatalog | null, converters: TaskConverters) {
    this.#catalog = catalog;
    this.#key = converters.key.schemaHeader;
    this.#value = converters.value.schemaHeader;
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

  header(key: Schema | null, value: Schema | null): RawHeader | undefined {
    const catalog = this.#catalog;
    if (catalog === null) return undefined;
    const keyId = this.#key && key !== null ? catalog.id(key) : null;
    const valueId = this.#value && value !== null ? catalog.id(value) : null;
    return schemaHeader(keyId, valueId);
  }
}
