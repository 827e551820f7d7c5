import type { JsonObject } from '../record/record.ts';
import type { RowLayout } from '../record/row-layout.ts';
import type { ChangeLayouts } from './change-layouts.ts';

const KINDS = ['read', 'create', 'update', 'updateWithBefore', 'delete', 'tombstone', 'truncate'] as const;
const KEY_CHANGE = ['delete', 'tombstone', 'create'] as const;

/**
 * The layouts, each of which tells its origin: what `describe` says of the table version, and `kind`, by
 * which {@link layoutOfKind} finds the layout of the same kind among others.
 */
export function withOrigins(layouts: ChangeLayouts, describe: () => JsonObject): ChangeLayouts {
  const named = (layout: RowLayout | null, kind: string): RowLayout | null =>
    layout === null ? null : { ...layout, origin: () => ({ ...describe(), kind }) };
  const plain = Object.fromEntries(KINDS.map((kind) => [kind, named(layouts[kind], kind)]));
  const keyChange = Object.fromEntries(
    KEY_CHANGE.map((kind) => [kind, named(layouts.keyChange[kind], `keyChange.${kind}`)]),
  );
  return { ...layouts, ...plain, keyChange: { ...layouts.keyChange, ...keyChange } };
}

/** null: records of that kind are not wanted, or there is no such kind. */
export function layoutOfKind(layouts: ChangeLayouts, kind: string): RowLayout | null {
  const plain = KINDS.find((one) => one === kind);
  if (plain !== undefined) return layouts[plain];
  const change = KEY_CHANGE.find((one) => `keyChange.${one}` === kind);
  return change === undefined ? null : layouts.keyChange[change];
}
