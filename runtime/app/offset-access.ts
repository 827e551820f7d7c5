import type { OffsetAccess } from '../cluster/offset-editor.ts';
import { realEnv } from '../env/real.ts';
import type { Hub } from '../hub/port.ts';
import type { WorkerSettings } from '../settings/worker-settings.ts';
import { OffsetStore } from '../store/offsets.ts';

/** Offsets in the hub: source offsets in their topic, opened when first asked for; a sink's in its consumer group. */
export function offsetAccess(hub: Hub, { options }: WorkerSettings): OffsetAccess & { close(): Promise<void> } {
  const stores = new Map<string, Promise<OffsetStore>>();
  const store = (config: Readonly<Record<string, string>>): Promise<OffsetStore> => {
    const topic = config['offsets.storage.topic'] ?? options['offset.storage.topic'];
    const found =
      stores.get(topic) ??
      OffsetStore.open({ hub, env: realEnv, topic, partitions: options['offset.storage.partitions'] });
    stores.set(topic, found);
    return found;
  };
  return {
    readSource: async (connector, config, signal) => (await store(config)).read(connector, signal),
    writeSource: async (connector, config, changes) => (await store(config)).write(connector, changes),
    readGroup: (group) => hub.groups.offsets(group),
    alterGroup: (group, offsets) => hub.groups.alter(group, offsets),
    partitions: async (topic) => (await hub.admin.describe(topic))?.partitions ?? 0,
    close: async () => {
      for (const opened of stores.values()) await (await opened).close();
    },
  };
}
