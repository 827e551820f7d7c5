import type { TaskContext } from '../connector/context.ts';
import type { Env, Timer } from '../env/env.ts';
import { cellNode, textNode } from '../record/layout-nodes.ts';
import type { RowLayout } from '../record/row-layout.ts';
import { field, structOf, INT64, STRING } from '../record/schema-builder.ts';
import { messageOf } from '../record/thrown.ts';
import { millisOfMicros } from './meta-codecs.ts';

const KEY = structOf([field('serverName', STRING)], { name: 'io.debezium.connector.common.ServerNameKey', version: 1 });
const VALUE = structOf([field('ts_ms', INT64)], { name: 'io.debezium.connector.common.Heartbeat', version: 1 });

/** A heartbeat record. Its one cell: digits of the epoch microseconds it was made. */
export function heartbeatLayout(topic: string, server: string): RowLayout {
  return {
    topic,
    key: { kind: 'struct', schema: KEY, fields: [textNode(server)] },
    value: { kind: 'struct', schema: VALUE, fields: [cellNode(0, INT64, millisOfMicros)] },
    headers: [],
    cells: 1,
  };
}

export interface HeartbeatSettings {
  /** `heartbeat.interval.ms` */
  readonly intervalMs: number;
  /** `heartbeat.action.query` */
  readonly query: string | undefined;
  readonly topic: string;
  readonly prefix: string;
  /** Code of the warning while the statement fails. */
  readonly warning: string;
}

/** What heartbeats go through. */
export interface HeartbeatEdges {
  /** Adds a row to the stream, whose one cell is this text. */
  own(layout: RowLayout, text: string): void;
  /** Runs the statement on the connection beside the stream. */
  run(doing: string, query: string): Promise<unknown>;
}

/** Heartbeat records, and the statement that goes with them. Returns what ends them. */
export function startHeartbeat(
  env: Env,
  context: TaskContext,
  settings: HeartbeatSettings,
  edges: HeartbeatEdges,
): Timer {
  const { warning } = settings;
  const layout = heartbeatLayout(settings.topic, settings.prefix);
  let busy = false;
  const act = async (query: string): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await edges.run('running heartbeat.action.query', query);
      context.warning(warning, null);
    } catch (error) {
      context.warning(warning, messageOf(error));
    } finally {
      busy = false;
    }
  };
  return env.timers.every(settings.intervalMs, () => {
    edges.own(layout, String(env.clock.nowUs()));
    if (settings.query !== undefined) void act(settings.query);
  });
}
