import type { PluginSummary } from '../../cluster/plugin-catalog.ts';
import type { OptionError, OptionSet, RawConfig } from '../../connector/options.ts';
import { VERSION } from '../../connector/version.ts';
import { MillraceError } from '../../record/error.ts';
import { NAMED_PREDICATES, NAMED_TRANSFORMS, transformNames } from '../../transform/names.ts';

type Kind = 'transformation' | 'predicate';
type Registry = typeof import('../../transform/registry.ts');

/** Loaded for the first configuration that names a transform: it is 50 ms of a worker's start. */
let registry: Registry | null = null;

/** To be awaited before options of transforms are asked for. */
export async function loadTransforms(): Promise<void> {
  registry ??= await import('../../transform/registry.ts');
}

function loaded(): Registry {
  if (registry === null) throw new Error('the transforms are not loaded yet');
  return registry;
}

/** Transforms, then predicates, each by class name. */
export function listTransforms(): readonly PluginSummary[] {
  const transforms = NAMED_TRANSFORMS.flatMap((kind) =>
    transformNames(kind).map(([className, short]) => summary('transformation', className, short)),
  );
  const predicates = NAMED_PREDICATES.map(({ javaPackage, name }) =>
    summary('predicate', `${javaPackage}.${name}`, name),
  );
  return [transforms, predicates].flatMap((some) => some.toSorted((a, b) => (a.className < b.className ? -1 : 1)));
}

function summary(kind: Kind, className: string, shortName: string): PluginSummary {
  return { className, aliases: [shortName], kind, version: VERSION };
}

/** The options of a transform or predicate; null: there is none of this name. */
export function findTransformOptions(kind: Kind, className: string): OptionSet | null {
  if (kind === 'predicate') return loaded().findPredicate(className)?.options ?? null;
  return loaded().findTransform(className)?.kind.options ?? null;
}

/** What keeps a transform or predicate from being made of good single options. */
export function transformProblem(kind: Kind, className: string, own: RawConfig): OptionError | null {
  try {
    if (kind === 'predicate') loaded().findPredicate(className)?.create(own);
    else create(className, own);
    return null;
  } catch (error) {
    if (!(error instanceof MillraceError) || error.key === undefined) throw error;
    const { key, message, remedy } = error;
    return { key, message, reason: 'conflict', ...(remedy === undefined ? {} : { remedy }) };
  }
}

function create(className: string, own: RawConfig): void {
  const found = loaded().findTransform(className);
  found?.kind.create(own, found.side);
}
