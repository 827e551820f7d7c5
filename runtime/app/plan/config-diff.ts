import type { OptionSet, RawConfig } from '../../connector/options.ts';
import { redact } from '../../connector/secrets.ts';
import type { KeyChange } from '../../rest/plan-answers.ts';

/** Key by key what changes, by key. Compared in clear, shown without secrets (I9). */
export function configDiff(before: RawConfig | null, after: RawConfig | null, sets: readonly OptionSet[]): KeyChange[] {
  const shownBefore = before === null ? {} : redact(sets, before);
  const shownAfter = after === null ? {} : redact(sets, after);
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...keys].toSorted().flatMap((key): KeyChange[] => {
    const old = before?.[key];
    const fresh = after?.[key];
    if (old === fresh) return [];
    const change = old === undefined ? 'added' : fresh === undefined ? 'removed' : 'changed';
    return [{ key, change, before: shownBefore[key] ?? null, after: shownAfter[key] ?? null }];
  });
}
