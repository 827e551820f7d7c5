import { heartbeatLayout } from '../../../runtime/change/heartbeat.ts';
import type { TaskContext } from '../../../runtime/connector/context.ts';
import type { Env, Timer } from '../../../runtime/env/env.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import type { ReplicationStream } from './replication-stream.ts';

export interface HeartbeatSettings {
  /** `heartbeat.interval.ms` */
  readonly intervalMs: number;
  /** `heartbeat.action.query` */
  readonly query: string | undefined;
  readonly topic: string;
  readonly prefix: string;
}

const WARNING = 'POSTGRES_HEARTBEAT_FAILED';

/** Heartbeat records, and the statement that goes with them. Returns what ends them. */
export function startHeartbeat(
  env: Env,
  context: TaskContext,
  settings: HeartbeatSettings,
  stream: ReplicationStream,
  reader: CatalogReader,
): Timer {
  const layout = heartbeatLayout(settings.topic, settings.prefix);
  let busy = false;
  const act = async (query: string): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await reader.query('running heartbeat.action.query', query);
      context.warning(WARNING, null);
    } catch (error) {
      context.warning(WARNING, messageOf(error));
    } finally {
      busy = false;
    }
  };
  return env.timers.every(settings.intervalMs, () => {
    stream.own(layout, String(env.clock.nowUs()));
    if (settings.query !== undefined) void act(settings.query);
  });
}
