import { realEnv } from '../../../runtime/env/real.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import type { Hub } from '../../../runtime/hub/port.ts';

/** Keys, values and headers of every record a hub's directory holds, internal topics too. */
export async function everyRecord(path: string): Promise<readonly { readonly topic: string; readonly text: string }[]> {
  const hub = await openHubForReading({ path, env: realEnv });
  const records: { topic: string; text: string }[] = [];
  try {
    const reader = await hub.reader({ isolation: 'read_uncommitted' });
    for (const { name, partitions } of await hub.admin.topics()) {
      for (let partition = 0; partition < partitions; partition++) {
        const { earliest } = await hub.admin.offsets({ topic: name, partition });
        reader.assign([{ topic: name, partition, offset: earliest }]);
        for (;;) {
          const batches = await reader.read(100, new AbortController().signal);
          if (batches.length === 0) break;
          for (const { bytes } of batches) {
            forEachRecord(bytes, (record) => {
              const headers = record.headers().map(({ key, value }) => `${key}=${value?.toString() ?? ''}`);
              const text = [record.key()?.toString(), record.value()?.toString(), ...headers].join('\n');
              records.push({ topic: name, text });
            });
          }
        }
      }
    }
    await reader.close();
  } finally {
    await hub.close();
  }
  return records;
}

/** Texts of the committed values of a topic of one partition, in order; none where there is no such topic. */
export async function valueTexts(hub: Hub, topic: string): Promise<string[]> {
  if ((await hub.admin.describe(topic)) === null) return [];
  const reader = await hub.reader({ isolation: 'read_committed' });
  reader.assign([{ topic, partition: 0, offset: 0n }]);
  const texts: string[] = [];
  for (;;) {
    const batches = await reader.read(0, AbortSignal.timeout(10_000));
    if (batches.length === 0) break;
    for (const { bytes } of batches)
      forEachRecord(bytes, (record) => void texts.push(record.value()?.toString() ?? ''));
  }
  await reader.close();
  return texts;
}
