import { registerHooks } from 'node:module';
import type { Connector } from '../../connector/connector.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { extension } from '../hub-thread.ts';
import { PLUGIN_METHODS } from './plugin-messages.ts';
import type { PluginPackage } from './plugin-package.ts';

/** Modules of millrace that connectors may import: always the running ones, so that errors and rows are known again. */
const PUBLISHED: ReadonlyMap<string, URL> = new Map(
  Object.entries({
    'millrace/connector': `../../connector/published${extension()}`,
    'millrace/conformance': `../../connector/conformance/published${extension()}`,
  }).map(([name, path]) => [name, new URL(path, import.meta.url)]),
);

/** What every connector has. */
const METHODS = ['plan', 'createTask'];
let hooked = false;

/** Runs the package's code. Only ever called in a thread that the package may spoil. */
export async function loadPlugin(className: string, plugin: PluginPackage): Promise<Connector> {
  hookPublished();
  const module = await importModule(className, plugin);
  const { connector } = module;
  const problem = shapeProblem(connector);
  if (problem !== null) {
    throw new MillraceError('PLUGIN_UNDECLARED', `${className} (${plugin.entry.pathname}): ${problem}`, {
      kind: 'config',
      key: 'connector.class',
      remedy: 'Report it to the connector’s author: docs/writing-a-connector.md says what a connector exports.',
    });
  }
  return complete(connector as Connector, className, plugin);
}

/** Named as it was asked for, with its package's version; the fields of a class's instance need not be its own. */
function complete(connector: Connector, className: string, { version }: PluginPackage): Connector {
  const { kind, options } = connector;
  const once =
    kind === 'source'
      ? { exactlyOnce: connector.exactlyOnce }
      : {
          takesSeveralPerOffset: connector.takesSeveralPerOffset === true,
          replacesByKey: connector.replacesByKey === true,
        };
  return {
    ...connector,
    ...boundMethods(connector),
    ...once,
    kind,
    options,
    className,
    aliases: [],
    version,
  } as Connector;
}

async function importModule(className: string, { entry }: PluginPackage): Promise<Record<string, unknown>> {
  try {
    return (await import(entry.href)) as Record<string, unknown>;
  } catch (error) {
    const message = `loading ${className} (${entry.pathname}): ${messageOf(error)}`;
    throw new MillraceError('PLUGIN_NOT_LOADED', message, {
      kind: 'config',
      key: 'connector.class',
      remedy: 'Install the package again with its dependencies, or report it to its author.',
      cause: error,
    });
  }
}

function boundMethods(connector: Connector): Partial<Connector> {
  const names = [...METHODS, ...PLUGIN_METHODS, 'truth', 'rows', 'rebuild'];
  const methods = connector as unknown as Record<string, unknown>;
  const own = names.flatMap((name) => {
    const method = methods[name];
    return typeof method === 'function' ? [[name, method.bind(connector) as unknown] as const] : [];
  });
  return Object.fromEntries(own) as Partial<Connector>;
}

function shapeProblem(connector: unknown): string | null {
  if (typeof connector !== 'object' || connector === null) return 'its module exports no `connector`';
  const fields = connector as Record<string, unknown>;
  if (fields['kind'] !== 'source' && fields['kind'] !== 'sink')
    return 'its `connector.kind` is neither "source" nor "sink"';
  const missing = METHODS.find((name) => typeof fields[name] !== 'function');
  if (missing !== undefined) return `its connector has no ${missing}()`;
  const { options } = fields as { options?: { schema?: { properties?: unknown } } };
  if (typeof options?.schema?.properties !== 'object') return 'its connector declares no `options` (optionSet(…))';
  return null;
}

function hookPublished(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve: (specifier, context, next) => {
      const own = PUBLISHED.get(specifier);
      return own === undefined ? next(specifier, context) : { url: own.href, shortCircuit: true };
    },
  });
}
