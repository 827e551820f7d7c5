import { setTimeout as sleep } from 'node:timers/promises';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { readArchive, type ArchiveFormat } from '../verify/archive-state.ts';
import type { NamedCopy } from '../verify/verify.ts';

const POLL_MS = 100;
const WAIT_MS = 60_000;

/** An archive as a copy to verify: ready once its sink has committed everything the topics hold now. */
export function archiveCopy(
  hub: Hub,
  connector: string,
  folder: string,
  format: ArchiveFormat,
  topics: readonly string[],
): NamedCopy {
  return {
    name: connector,
    async ready(signal) {
      const ends = await endsOf(hub, topics);
      const deadline = performance.now() + WAIT_MS;
      while (!(await hasCommitted(hub, `connect-${connector}`, ends))) {
        if (performance.now() > deadline) {
          throw new MillraceError('VERIFY_BEHIND', `${connector} did not archive everything within ${WAIT_MS} ms`, {
            kind: 'unavailable',
            remedy: `See the status of ${connector}.`,
          });
        }
        await sleep(POLL_MS, undefined, { signal });
      }
    },
    read: (table) => {
      const extension = format === 'json' ? 'json' : 'parquet';
      return readArchive(`${folder}/topics/${table.topic}/**/*.${extension}`, format, table);
    },
  };
}

interface End {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

async function endsOf(hub: Hub, topics: readonly string[]): Promise<End[]> {
  const ends: End[] = [];
  for (const topic of topics) {
    const description = await hub.admin.describe(topic);
    for (let partition = 0; partition < (description?.partitions ?? 0); partition++) {
      const { latest } = await hub.admin.offsets({ topic, partition }, 'read_committed');
      if (latest > 0n) ends.push({ topic, partition, offset: latest });
    }
  }
  return ends;
}

async function hasCommitted(hub: Hub, group: string, ends: readonly End[]): Promise<boolean> {
  const committed = await hub.groups.offsets(group);
  return ends.every((end) =>
    committed.some((at) => at.topic === end.topic && at.partition === end.partition && at.offset >= end.offset),
  );
}
