import { OPTIONAL_STRING } from '../../record/schema-builder.ts';
import type { Schema } from '../../record/schema.ts';
import { InsertPlan } from '../insert-plan.ts';
import { SchemaMemo } from '../schema-memo.ts';
import type { FieldDropper } from './drop-fields.ts';
import type { FieldReference } from './field-reference.ts';

/** `delete.tombstone.handling.mode`. */
export const DELETE_MODES = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const;

/** What ExtractNewRecordState is made with. */
export interface NewStateSettings {
  readonly mode: (typeof DELETE_MODES)[number];
  /** Column that names the topic; null: the topic stays. */
  readonly routeBy: string | null;
  readonly fields: readonly FieldReference[];
  readonly headers: readonly FieldReference[];
  readonly dropper: FieldDropper;
  readonly replaceNull: boolean;
}

/** How rows get their fields. */
export class NewStatePlans {
  readonly rewrites: boolean;
  /** By the row's schema: with `__deleted`. */
  readonly deleted: SchemaMemo<InsertPlan>;
  /** By the envelope's schema, then the row's: with `add.fields`. */
  readonly added: SchemaMemo<SchemaMemo<InsertPlan>>;

  constructor({ mode, replaceNull, fields }: NewStateSettings) {
    this.rewrites = mode === 'rewrite' || mode === 'rewrite-with-tombstone';
    const deleted = [{ path: ['__deleted'], schema: OPTIONAL_STRING, index: 0 }];
    this.deleted = new SchemaMemo((schema) => new InsertPlan(schema, deleted, { replaceNull, strict: true }));
    this.added = new SchemaMemo((envelope) => new SchemaMemo((row) => addedPlan(envelope, row, fields)));
  }
}

function addedPlan(envelope: Schema, row: Schema, fields: readonly FieldReference[]): InsertPlan {
  const insertions = fields.flatMap((reference, index) => {
    const schema = reference.schema(envelope);
    return schema === undefined ? [] : [{ path: [reference.newName], schema, index }];
  });
  return new InsertPlan(row, insertions, { replaceNull: false, strict: true });
}
