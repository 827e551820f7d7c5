import type { PluginSummary } from '../cluster/catalog.ts';
import type { OptionError, OptionSet, RawConfig } from '../connector/options.ts';
import { VERSION } from '../connector/version.ts';
import { MillraceError } from '../record/error.ts';
import { findPredicate, findTransform, PREDICATES, TRANSFORMS, transformNames } from '../transform/registry.ts';

type Kind = 'transformation' | 'predicate';

/** Transforms, then predicates, each by class name. */
export function listTransforms(): readonly PluginSummary[] {
  const transforms = TRANSFORMS.flatMap((kind) =>
    transformNames(kind).map(([className, short]) => summary('transformation', className, short)),
  );
  const predicates = PREDICATES.map(({ javaPackage, name }) => summary('predicate', `${javaPackage}.${name}`, name));
  return [transforms, predicates].flatMap((some) => some.toSorted((a, b) => (a.className < b.className ? -1 : 1)));
}

function summary(kind: Kind, className: string, shortName: string): PluginSummary {
  return { className, aliases: [shortName], kind, version: VERSION };
}

/** The options of a transform or predicate; null: there is none of this name. */
export function findTransformOptions(kind: Kind, className: string): OptionSet | null {
  if (kind === 'predicate') return findPredicate(className)?.options ?? null;
  return findTransform(className)?.kind.options ?? null;
}

/** What keeps a transform or predicate from being made of good single options. */
export function transformProblem(kind: Kind, className: string, own: RawConfig): OptionError | null {
  try {
    if (kind === 'predicate') findPredicate(className)?.create(own);
    else create(className, own);
    return null;
  } catch (error) {
    if (!(error instanceof MillraceError) || error.key === undefined) throw error;
    const { key, message, remedy } = error;
    return { key, message, reason: 'conflict', ...(remedy === undefined ? {} : { remedy }) };
  }
}

function create(className: string, own: RawConfig): void {
  const found = findTransform(className);
  found?.kind.create(own, found.side);
}
