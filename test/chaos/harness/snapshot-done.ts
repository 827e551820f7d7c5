import { setTimeout as sleep } from 'node:timers/promises';
import { readHubTopic } from './read-hub-topic.ts';
import { hubPath, logLines, type WorkerPlace } from './worker-place.ts';

/** Resolves when the offsets of so many MySQL connectors say that their snapshots are complete. */
export async function snapshotDone(at: WorkerPlace, connectors = 1): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const done = new Set<string>();
    try {
      await readHubTopic(hubPath(at), 'millrace-offsets', (record) => {
        if (record.value()?.includes('"complete":true') === true) done.add(record.key()?.toString() ?? '');
      });
    } catch {
      // The hub, or the topic, is not there yet.
    }
    if (done.size >= connectors) return;
    if (Date.now() > deadline) throw new Error(`no offset was stored: ${JSON.stringify(logLines(at).slice(-3))}`);
    await sleep(50);
  }
}
