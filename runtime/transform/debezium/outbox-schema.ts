import { structOf } from '../../record/schema-builder.ts';
import type { Field, Schema } from '../../record/schema.ts';
import { fieldOf } from '../field-path.ts';
import { SchemaMemo } from '../schema-memo.ts';
import { rejected, wrongOption } from '../transform-error.ts';

/** A column of the outbox table that goes elsewhere. */
export interface AdditionalField {
  readonly field: string;
  readonly placement: 'header' | 'envelope' | 'partition';
  readonly alias: string;
}

const KEY = 'table.fields.additional.placement';

export function additionalFields(list: readonly string[]): readonly AdditionalField[] {
  return list.map((text) => {
    const parts = text.split(':').map((part) => part.trim());
    const [field = '', placement = '', alias = field] = parts;
    const known = (['header', 'envelope', 'partition'] as const).find((one) => one === placement.toLowerCase());
    if (parts.length < 2 || parts.length > 3 || known === undefined) {
      throw wrongOption(
        KEY,
        `A comma-separated list of valid String pairs or trios is expected but got: [${list.join(', ')}]`,
      );
    }
    return { field, placement: known, alias };
  });
}

/** The schemas of values with an envelope: the payload, and the columns put beside it. */
export class OutboxSchemas {
  readonly #additional: readonly AdditionalField[];
  readonly #missingIgnored: boolean;
  readonly #isNeeded: boolean;
  /** By the payload's schema, then the table's, then version and topic. */
  readonly #known = new SchemaMemo(() => new SchemaMemo(() => new Map<string, Schema>()));

  constructor(additional: readonly AdditionalField[], missingIgnored: boolean) {
    this.#additional = additional;
    this.#missingIgnored = missingIgnored;
    this.#isNeeded = additional.some(({ placement }) => placement === 'envelope');
  }

  /** null: the payload is the value. */
  of(payload: Schema, table: Schema, version: number | null, topic: string): Schema | null {
    if (!this.#isNeeded) return null;
    const byTopic = this.#known.of(payload).of(table);
    const id = `${version ?? ''} ${topic}`;
    const known = byTopic.get(id);
    if (known !== undefined) return known;
    const fields: Field[] = [{ name: 'payload', schema: payload }];
    for (const { field, placement, alias } of this.#additional) {
      if (placement !== 'envelope') continue;
      const own = fieldOf(table, field);
      if (own !== undefined) fields.push({ name: alias, schema: own });
      else if (!this.#missingIgnored) throw rejected('FIELD', `Unable to find field ${field} in event`);
    }
    const made = structOf(fields, { name: nameOf(table.name, topic), ...(version === null ? {} : { version }) });
    byTopic.set(id, made);
    return made;
  }
}

function nameOf(table: string | undefined, topic: string): string {
  if (table === undefined) return topic;
  const dot = table.lastIndexOf('.');
  return dot < 0 ? `${topic}.${table}` : `${table.slice(0, dot + 1)}${topic}.${table.slice(dot + 1)}`;
}
