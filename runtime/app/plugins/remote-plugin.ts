import type { Connector, ConnectorCall } from '../../connector/connector.ts';
import type { RawConfig } from '../../connector/options.ts';
import type { RemoteConnector } from '../../connector/remote-connector.ts';
import type { SinkRewind } from '../../connector/rewind.ts';
import type { SourceRecord } from '../../connector/source.ts';
import { MillraceError } from '../../record/error.ts';
import { packSinkRecord, unpackPreview } from './packed-sink-records.ts';
import type { PluginDeclaration, PluginMethod } from './plugin-messages.ts';
import type { PluginThread } from './plugin-thread.ts';
import { revivedRecords } from './revived-records.ts';

/** For what needs no network. */
const THINKING_MS = 10_000;
const CALLING_MS = 60_000;

/** A third-party connector on the main thread: its declaration, and calls into its thread. */
export function remotePlugin(declaration: PluginDeclaration, thread: PluginThread): RemoteConnector {
  const { className, version, options, methods, kind, exactlyOnce, takesSeveralPerOffset } = declaration;
  const has: Has = (method) => methods.includes(method);
  const call: Call = (method, { name, config, signal }, ...more) =>
    thread.call(method, config, more, CALLING_MS, { name, signal });
  const elsewhere = (): never => {
    throw new MillraceError('PLUGIN_ELSEWHERE', `${className} runs in a thread of its own`, { kind: 'bug' });
  };
  const base = {
    className,
    aliases: [],
    version,
    options,
    plan: elsewhere,
    createTask: elsewhere,
    remote: {
      plan: async (config: RawConfig, tasksMax: number) =>
        checkPlan(className, await thread.call('plan', config, [tasksMax], THINKING_MS), tasksMax),
      validate: async (config: RawConfig) =>
        has('validate') ? checkProblems(className, await thread.call('validate', config, [], THINKING_MS)) : [],
    },
    ...(has('check') ? { check: (of: ConnectorCall) => call<never>('check', of) } : {}),
    ...(has('destroy') ? { destroy: (of: ConnectorCall) => call<readonly string[]>('destroy', of) } : {}),
  };
  if (kind === 'sink') return { ...base, ...sinkCalls(className, has, call), kind, takesSeveralPerOffset };
  return { ...base, ...sourceCalls(has, call), kind, exactlyOnce };
}

type Has = (method: PluginMethod) => boolean;
type Call = <T>(method: PluginMethod, of: ConnectorCall, ...more: readonly unknown[]) => Promise<T>;

function sinkCalls(className: string, has: Has, call: Call): Partial<Extract<Connector, { kind: 'sink' }>> {
  return {
    ...(has('preview')
      ? {
          preview: async (of, records) => {
            const previewed = await call<unknown>('preview', of, records.map(packSinkRecord));
            return checked(className, () => unpackPreview(previewed, records));
          },
        }
      : {}),
    ...(has('rewindFrom')
      ? {
          rewindFrom: async (of, places) =>
            checkPlaces(className, await call<unknown>('rewindFrom', of, places), places),
        }
      : {}),
  };
}

function sourceCalls(has: Has, call: Call): Partial<Extract<Connector, { kind: 'source' }>> {
  return {
    ...(has('alterOffsets')
      ? { alterOffsets: async (of, offsets) => void (await call('alterOffsets', of, offsets)) }
      : {}),
    ...(has('sample')
      ? { sample: async (of, count) => revivedRecords(await call<readonly SourceRecord[]>('sample', of, count)) }
      : {}),
    ...(has('rewind') ? { rewind: (of, stored, to) => call('rewind', of, stored, to) } : {}),
  };
}

function checkPlan(className: string, plans: unknown, tasksMax: number): readonly RawConfig[] {
  if (Array.isArray(plans) && plans.length >= 1 && plans.length <= tasksMax && plans.every(isPlan)) {
    return plans as readonly RawConfig[];
  }
  throw broken(className, `plan() must give 1 to ${tasksMax} configurations whose values are texts`);
}

function checkProblems(
  className: string,
  problems: unknown,
): readonly { readonly key: string; readonly message: string }[] {
  if (Array.isArray(problems) && problems.every(isProblem)) return problems as { key: string; message: string }[];
  throw broken(className, 'validate() must give a list of {key, message}');
}

/** A rewind may have to begin earlier than asked for, never later: what lies between would be left out. */
function checkPlaces(className: string, given: unknown, places: readonly SinkRewind[]): readonly SinkRewind[] {
  if (Array.isArray(given) && given.length === places.length && places.every((place, i) => isPlace(given[i], place))) {
    return given as readonly SinkRewind[];
  }
  throw broken(className, 'rewindFrom() must give each place again, at or before where it is');
}

function isPlace(one: unknown, { topic, partition, offset }: SinkRewind): boolean {
  if (typeof one !== 'object' || one === null) return false;
  const given = one as Readonly<Record<string, unknown>>;
  const { offset: begin } = given;
  if (given['topic'] !== topic || given['partition'] !== partition) return false;
  return typeof begin === 'bigint' && begin >= 0n && begin <= offset;
}

function checked<T>(className: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError) throw broken(className, error.message);
    throw error;
  }
}

function broken(className: string, message: string): MillraceError {
  return new MillraceError('PLUGIN_CONTRACT_BROKEN', `${className}: ${message}`, {
    kind: 'config',
    key: 'connector.class',
    remedy: 'Report it to the connector’s author.',
  });
}

function isPlan(plan: unknown): boolean {
  return typeof plan === 'object' && plan !== null && Object.values(plan).every((value) => typeof value === 'string');
}

function isProblem(one: unknown): boolean {
  if (typeof one !== 'object' || one === null || !('key' in one) || !('message' in one)) return false;
  return typeof one.key === 'string' && typeof one.message === 'string';
}
