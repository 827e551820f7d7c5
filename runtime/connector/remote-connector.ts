import { MillraceError } from '../record/error.ts';
import type { Connector } from './connector.ts';
import type { OptionError, RawConfig } from './options.ts';

/** What a connector answers at once where it runs in this thread, and later where it does not. */
export interface RemoteCalls {
  plan(config: RawConfig, tasksMax: number): Promise<readonly RawConfig[]>;
  validate(config: RawConfig): Promise<readonly { readonly key: string; readonly message: string }[]>;
}

/**
 * A connector whose code runs in a thread of its own (D9): here are its declaration and its calls.
 * Its own `plan` and `createTask` throw, and it has no `validate`: ask {@link planTasks} and {@link remoteErrors}.
 */
export type RemoteConnector = Connector & { readonly remote: RemoteCalls };

function remoteCalls(connector: Connector): RemoteCalls | undefined {
  return 'remote' in connector ? (connector as RemoteConnector).remote : undefined;
}

/** Configurations of 1 to `tasksMax` tasks, wherever the connector runs. */
export async function planTasks(
  connector: Connector,
  config: RawConfig,
  tasksMax: number,
): Promise<readonly RawConfig[]> {
  return remoteCalls(connector)?.plan(config, tasksMax) ?? connector.plan(config, tasksMax);
}

/**
 * Errors of several options together, of a connector that runs elsewhere. `known`: what is wrong with
 * single options; a connector that stumbles over them says nothing new.
 */
export async function remoteErrors(
  connector: Connector,
  config: RawConfig,
  known: readonly OptionError[],
): Promise<readonly OptionError[]> {
  try {
    const problems = (await remoteCalls(connector)?.validate(config)) ?? [];
    return problems.map(({ key, message }) => ({
      key,
      message: message.includes(key) ? message : `${key}: ${message}`,
      reason: 'conflict',
    }));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    if (known.length > 0 && error.code !== 'PLUGIN_STALLED' && error.code !== 'PLUGIN_LOST') return [];
    return [{ key: error.key ?? 'connector.class', message: error.message, reason: 'conflict' }];
  }
}
