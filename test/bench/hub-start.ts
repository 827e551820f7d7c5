/**
 * How long the embedded hub takes to open after millions of offset commits.
 *
 *     node test/bench/hub-start.ts [commits]        # default 10,000,000
 */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { realEnv as env } from '../../runtime/env/real.ts';
import { openHub } from '../../runtime/hub/embedded/open.ts';

const commits = Number(process.argv[2] ?? 10_000_000);
const PARTITIONS = 100;
const GROUPS = 10;
const path = `${tmpdir()}/millrace-bench-start-${process.pid}`;

try {
  const hub = await openHub({ path, env });
  await hub.admin.createTopic('t', PARTITIONS);
  const members = await Promise.all(
    Array.from({ length: GROUPS }, (_, group) => hub.groups.join(`group-${group}`, { names: ['t'] })),
  );
  const assigned = await Promise.all(members.map((member) => member.assignment(-1, new AbortController().signal)));
  const started = performance.now();
  for (let done = 0, offset = 0n; done < commits; done += PARTITIONS * GROUPS, offset++) {
    const round = members.map((member, group) => {
      const { generation, partitions } = assigned[group] ?? { generation: -1, partitions: [] };
      return member.commit(
        generation,
        partitions.map((of) => ({ ...of, offset })),
      );
    });
    await Promise.all(round);
  }
  const committing = performance.now() - started;
  await hub.close();
  const opening = performance.now();
  const again = await openHub({ path, env });
  const opened = performance.now();
  const first = (await again.groups.offsets('group-3')).length;
  console.log(
    JSON.stringify({
      name: 'start after offset commits',
      commits,
      commitsPerSecond: Math.round((commits / committing) * 1000),
      openMs: Number((opened - opening).toFixed(1)),
      firstGroupMs: Number((performance.now() - opened).toFixed(1)),
      offsetsOfAGroup: first,
      bytesOnDisk: again.server.stats().bytesOnDisk,
    }),
  );
  await again.close();
} finally {
  await rm(path, { recursive: true, force: true });
}
