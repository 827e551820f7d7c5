import { readTopic } from '../../../runtime/app/verify/read-topic.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';

type Visit = Parameters<typeof readTopic>[3];

/** Shows the committed records of a topic, in the order of each partition. The hub's worker may be dead or alive. */
export async function readHubTopic(path: string, topic: string, visit: Visit): Promise<void> {
  const hub = await openHubForReading({ path, env: realEnv });
  try {
    await readTopic(hub, topic, new AbortController().signal, visit);
  } finally {
    await hub.close();
  }
}
