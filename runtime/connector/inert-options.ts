import { declared, findOption, type OptionSet, type RawConfig } from './options.ts';

/** Keys that are set to something of their own, though nothing here reads them: accepted, and worth a warning. */
export function inertKeys(sets: readonly OptionSet[], raw: RawConfig): readonly string[] {
  return Object.entries(raw).flatMap(([key, value]) => {
    const schema = sets.map((set) => findOption(set, key)).find((one) => one !== undefined);
    if (schema === undefined) return [];
    const { inert, default: usual } = declared(schema);
    return inert === undefined || [String(usual ?? ''), ...inert].includes(value.trim()) ? [] : [key];
  });
}
