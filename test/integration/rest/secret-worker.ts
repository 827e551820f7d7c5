import { realEnv } from '../../../runtime/env/real.ts';
import { CompactedTopic, type CompactedRecord } from '../../../runtime/store/compacted-topic.ts';
import type { LocalWorker } from './local-worker.ts';

export { startLocalWorker, type LocalWorker } from './local-worker.ts';

/** What the config and status topics say now, as text: the newest value of each key. */
export async function internalTopics(worker: LocalWorker): Promise<string> {
  const texts = new Map<string, string>();
  for (const topic of ['millrace-configs', 'millrace-statuses']) {
    const apply = ({ key, value }: CompactedRecord): void => void texts.set(`${topic} ${key}`, value?.toString() ?? '');
    const options = { hub: worker.worker.hub, env: realEnv, topic, partitions: 1, apply };
    await (await CompactedTopic.open(options, new AbortController().signal)).close();
  }
  return JSON.stringify([...texts]);
}
