import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { Connector, ConnectorCall, SinkConnector } from '../../connector/connector.ts';
import type { Log } from '../../connector/context.ts';
import { realEnv } from '../../env/real.ts';
import { MillraceError } from '../../record/error.ts';
import { packPreview, unpackSinkRecord, type PackedSinkRecord } from '../plugins/packed-sink-records.ts';
import {
  PLUGIN_METHODS,
  type FromPluginThread,
  type PluginCall,
  type PluginThreadData,
  type ToPluginThread,
} from '../plugins/plugin-messages.ts';
import { loadPlugin } from '../plugins/plugin-module.ts';
import { threadError } from './thread-error.ts';

/** The thread in which a third-party connector declares itself and answers all that is not the stream (D9). */
async function run(port: MessagePort, { className, plugin }: PluginThreadData): Promise<void> {
  const post = (message: FromPluginThread): void => port.postMessage(message, []);
  try {
    const connector = await loadPlugin(className, { ...plugin, entry: new URL(plugin.entry) });
    const { kind, version, options } = connector;
    const exactlyOnce = connector.kind === 'source' && connector.exactlyOnce;
    const takesSeveralPerOffset = connector.kind === 'sink' && connector.takesSeveralPerOffset === true;
    const methods = PLUGIN_METHODS.filter((name) => name in connector);
    serve(port, connector, post);
    const declaration = { kind, className, version, options, exactlyOnce, takesSeveralPerOffset, methods };
    post({ kind: 'declared', declaration });
  } catch (error) {
    post({ kind: 'failed', error: threadError(error) });
  }
}

function serve(port: MessagePort, connector: Connector, post: (message: FromPluginThread) => void): void {
  const aborts = new Map<number, AbortController>();
  port.on('message', (message: ToPluginThread) => {
    if (message.kind === 'abort') {
      aborts.get(message.id)?.abort(new MillraceError('CALL_ABORTED', 'the call was aborted', { kind: 'closed' }));
      return;
    }
    const { id } = message.call;
    const abort = new AbortController();
    aborts.set(id, abort);
    void answer(connector, message.call, abort.signal, logTo(post))
      .then((value) => post({ kind: 'answer', id, value }))
      .catch((error: unknown) => post({ kind: 'refused', id, error: threadError(error) }))
      .finally(() => aborts.delete(id));
  });
}

async function answer(connector: Connector, { method, name, config, more }: PluginCall, signal: AbortSignal, log: Log) {
  const call: ConnectorCall = { name, config, env: realEnv, log, signal };
  switch (method) {
    case 'plan':
      return connector.plan(config, more[0] as number);
    case 'validate':
      return connector.validate?.(config) ?? [];
    case 'check':
      return connector.check?.(call) ?? [];
    case 'destroy':
      return connector.destroy?.(call) ?? [];
    case 'alterOffsets':
      if (connector.kind === 'source') await connector.alterOffsets?.(call, more[0] as never);
      return null;
    case 'sample':
      return connector.kind === 'source' ? connector.sample?.(call, more[0] as number) : [];
    case 'rewind':
      return connector.kind === 'source' ? connector.rewind?.(call, more[0] as never, more[1] as never) : [];
    case 'preview':
      return connector.kind === 'sink' ? preview(connector, call, more[0] as readonly PackedSinkRecord[]) : null;
    case 'rewindFrom':
      return connector.kind === 'sink' ? connector.rewindFrom?.(call, more[0] as never) : [];
  }
}

async function preview(connector: SinkConnector, call: ConnectorCall, packed: readonly PackedSinkRecord[]) {
  const records = packed.map(unpackSinkRecord);
  const previewed = await connector.preview?.(call, records);
  return previewed === undefined ? null : packPreview(previewed, records);
}

function logTo(post: (message: FromPluginThread) => void): Log {
  const at =
    (level: keyof Log) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      post({ kind: 'log', level, message, fields: JSON.stringify(fields, jsonOf) });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function jsonOf(_key: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === 'bigint' ? value.toString() : value;
}

if (parentPort !== null) await run(parentPort, workerData as PluginThreadData);
