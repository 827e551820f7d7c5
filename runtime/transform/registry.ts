import { cast } from './cast.ts';
import { filter } from './filter.ts';
import { hasHeaderKey, recordIsTombstone, topicNameMatches } from './predicates.ts';
import { regexRouter } from './regex-router.ts';
import { replaceField } from './replace-field.ts';
import type { PredicateKind, Side, TransformKind } from './transform.ts';

export const TRANSFORMS: readonly TransformKind[] = [cast, filter, regexRouter, replaceField];

export const PREDICATES: readonly PredicateKind[] = [hasHeaderKey, recordIsTombstone, topicNameMatches];

export interface FoundTransform {
  readonly kind: TransformKind;
  readonly side: Side;
}

/** The names a transform can be given: its Java class name first, then the short one. */
export function transformNames(
  kind: TransformKind,
): readonly (readonly [className: string, short: string, side: Side])[] {
  const name = (suffix: string, side: Side) =>
    [`${kind.javaPackage}.${kind.name}${suffix}`, `${kind.name}${suffix}`, side] as const;
  return kind.sided ? [name('$Key', 'key'), name('$Value', 'value')] : [name('', 'value')];
}

/** By Java class name or its last part; undefined: there is none of this name. */
export function findTransform(written: string): FoundTransform | undefined {
  for (const kind of TRANSFORMS) {
    const found = transformNames(kind).find(([className, short]) => written === className || written === short);
    if (found !== undefined) return { kind, side: found[2] };
  }
  return undefined;
}

export function findPredicate(written: string): PredicateKind | undefined {
  return PREDICATES.find(({ name, javaPackage }) => written === name || written === `${javaPackage}.${name}`);
}
