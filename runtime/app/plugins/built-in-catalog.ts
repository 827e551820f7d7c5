import { findConnector, registeredConnectors } from '../../../connectors/registry.ts';
import type { PluginCatalog, PluginSummary } from '../../cluster/plugin-catalog.ts';
import type { Connector } from '../../connector/connector.ts';
import type { OptionSet } from '../../connector/options.ts';
import { MillraceError } from '../../record/error.ts';
import { meantPredicate, meantTransform } from '../../transform/names.ts';
import { findConverter, listConverters } from './converter-plugins.ts';
import { findTransformOptions, listTransforms, loadTransforms, transformProblem } from './transform-plugins.ts';
import { VERSION } from '../../connector/version.ts';

/** The connectors, converters, transforms and predicates of this build. */
export const builtInCatalog: PluginCatalog = {
  list,
  connector,
  kindOf,
  find,
  prepare: loadTransforms,
  problem: transformProblem,
  meant: (kind, className) => (kind === 'predicate' ? meantPredicate(className) : meantTransform(className)),
};

function list(): readonly PluginSummary[] {
  const connectors = registeredConnectors.map(({ className, aliases, kind }) => ({
    className,
    aliases,
    kind,
    version: VERSION,
  }));
  return [
    ...connectors.toSorted((a, b) => (a.className < b.className ? -1 : 1)),
    ...listConverters(),
    ...listTransforms(),
  ];
}

async function connector(className: string): Promise<Connector | null> {
  return (await findConnector(className)?.load()) ?? null;
}

function kindOf(className: string): Connector['kind'] | null {
  return findConnector(className)?.kind ?? null;
}

function find(
  kind: 'converter' | 'header_converter' | 'transformation' | 'predicate',
  className: string,
): OptionSet | null {
  return kind === 'converter' || kind === 'header_converter'
    ? findConverter(kind, className)
    : findTransformOptions(kind, className);
}

export function isBuiltIn(className: string): boolean {
  return findConnector(className) !== undefined;
}

/** The connector of a task that was planned: it exists. */
export async function loadConnector(className: string): Promise<Connector> {
  const found = await connector(className);
  if (found !== null) return found;
  throw new MillraceError('CONNECTOR_UNKNOWN', `there is no connector ${className}`, {
    kind: 'config',
    key: 'connector.class',
    remedy: 'Set connector.class to one that `millrace plugins` lists.',
  });
}
