import type { ConnectorCall } from '../../runtime/connector/connector.ts';
import type { SinkPreview } from '../../runtime/connector/preview.ts';
import type { SinkRecord, SinkRejection } from '../../runtime/connector/sink.ts';
import { PartitionArchive } from './partition-archive.ts';
import { archiveSettings, parseConfig } from './settings.ts';
import type { ObjectFacts, ObjectStore, ObjectUpload } from './store/object-store.ts';
import { byPartition } from './task.ts';

/**
 * The objects that these records would become, by the archive's own rules: names, rotation, formats, and records
 * it would not take. As if each partition's first record here began a file.
 */
export async function previewFiles(
  { config, env, signal }: ConnectorCall,
  records: readonly SinkRecord[],
): Promise<SinkPreview> {
  const settings = archiveSettings(parseConfig(config));
  const store = new DiscardingStore();
  const rejected: SinkRejection[] = [];
  for (const group of byPartition(records).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const partition = { topic: first.topic, partition: first.partition };
    const archive = new PartitionArchive(partition, first.offset, settings, store, {});
    store.complete = true;
    rejected.push(...(await archive.write(group, env.clock.nowMs(), signal)).rejected);
    store.complete = false;
    await archive.rotate(signal);
  }
  return { outputs: [...store.outputs.values()], rejected };
}

/** Takes objects, keeps their names, and forgets what is in them. */
class DiscardingStore implements ObjectStore {
  readonly shown = 'nowhere';
  readonly outputs = new Map<string, { name: string; records: number; complete: boolean }>();
  /** Whether what is completed from here on would be. */
  complete = true;

  create(name: string): ObjectUpload {
    this.outputs.set(name, { name, records: 0, complete: false });
    const done = async ({ records }: ObjectFacts) => {
      this.outputs.set(name, { name, records, complete: this.complete });
      return { kind: 'created' as const };
    };
    return { add: () => {}, bufferedBytes: 0, drain: async () => {}, complete: done, abort: async () => {} };
  }

  async greet(): Promise<null> {
    return null;
  }
  async claim(): Promise<void> {}
  async sweep(): Promise<void> {}
  async names(): Promise<readonly string[]> {
    return [];
  }
  async facts(): Promise<null> {
    return null;
  }
  async check(): Promise<readonly never[]> {
    return [];
  }
  async close(): Promise<void> {}
}
