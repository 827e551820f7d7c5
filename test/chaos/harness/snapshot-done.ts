import { setTimeout as sleep } from 'node:timers/promises';
import { readHubTopic } from './read-hub-topic.ts';
import { hubPath, logLines, type WorkerPlace } from './worker-place.ts';

/** Resolves when a MySQL connector's offsets say that its snapshot is complete. */
export async function snapshotDone(at: WorkerPlace): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    let found = false;
    try {
      await readHubTopic(hubPath(at), 'millrace-offsets', (record) => {
        if (record.value()?.includes('"complete":true') === true) found = true;
      });
    } catch {
      // The hub, or the topic, is not there yet.
    }
    if (found) return;
    if (Date.now() > deadline) throw new Error(`no offset was stored: ${JSON.stringify(logLines(at).slice(-3))}`);
    await sleep(50);
  }
}
