import { writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { runReindex, type ReindexReport, type SinkControl } from '../../../../runtime/app/reindex/run-reindex.ts';
import { realEnv as env } from '../../../../runtime/env/real.ts';
import type { Hub } from '../../../../runtime/hub/port.ts';
import { ConfigStore } from '../../../../runtime/store/configs.ts';
import { batchOf, never } from '../../../conformance/hub/driver.ts';
import { openTestHub, scratch } from '../../hub/embedded/harness.ts';
import { lists } from './list-sink/index.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A sink of the topic `t`, which holds `a` and `b`. */
async function place(): Promise<{ readonly hub: Hub; readonly hubPath: string }> {
  const hubPath = await scratch();
  const hub = await openTestHub(hubPath);
  const store = await ConfigStore.open({ hub, env, topic: 'millrace-configs' }, never);
  await store.putConfig('sink', {
    'connector.class': 'list-sink',
    'topics.regex': 't.*',
    'value.converter': 'string',
  });
  await store.close();
  await append(hub, 't', 'a', 'b');
  return { hub, hubPath };
}

async function append(hub: Hub, topic: string, ...values: string[]): Promise<void> {
  const producer = await hub.producer({ acks: 'all', createTopics: () => ({ partitions: 1 }) });
  await producer.partitions(topic);
  await producer.append(topic, 0, batchOf(...values));
  await producer.close();
}

async function reindex(hubPath: string, control: () => Promise<SinkControl>): Promise<ReindexReport> {
  const workerConfig = `${hubPath}/worker.json`;
  await writeFile(workerConfig, JSON.stringify({ 'plugin.path': import.meta.dirname }));
  const settings = { keepMapping: false, incomplete: false, variables: {}, log, signal: never, progress: () => {} };
  return runReindex({ name: 'sink', hubPath, workerConfig, control, ...settings });
}

/** A running sink, which does something of its own until it is stopped for the first time. */
function sinkThat(does: () => Promise<void>): () => Promise<SinkControl> {
  let stops = 0;
  return async () => ({
    stop: async () => {
      if (stops++ === 0) await does();
      lists.steps.push('stop');
    },
    giveAgain: async (offsets) => {
      for (const { topic, partition, offset } of offsets) lists.steps.push(`again ${topic}-${partition}@${offset}`);
    },
    restore: async () => void lists.steps.push('restore'),
  });
}

beforeEach(() => lists.clear());

describe('a reindex beside a running sink', () => {
  test('stops it before it catches up for the last time: what takes its place has what the sink did last', async () => {
    const { hub, hubPath } = await place();
    const report = await reindex(
      hubPath,
      sinkThat(() => append(hub, 't', 'last')),
    );
    expect(lists.steps).toEqual(['create', 'stop', 'refresh', 'take', 'stop', 'restore', 'close']);
    expect(lists.serving).toEqual(['a', 'b', 'last']);
    expect(report).toMatchObject({ records: 3, rejected: 0, indexes: [{ name: 'list', documents: 3 }] });
  });

  test('gives the sink again what it did with where somebody let it go on before the switch', async () => {
    const { hub, hubPath } = await place();
    const commit = (offset: bigint) => hub.groups.alter('connect-sink', [{ topic: 't', partition: 0, offset }]);
    await commit(1n);
    lists.beforeTake = async () => {
      await append(hub, 't', 'late', 'later');
      await commit(4n);
    };
    await reindex(
      hubPath,
      sinkThat(() => commit(2n)),
    );
    expect(lists.steps).toEqual(['create', 'stop', 'refresh', 'take', 'stop', 'again t-0@2', 'restore', 'close']);
    expect(lists.serving).toEqual(['a', 'b']);
  });

  test('switches nothing where the sink was configured otherwise meanwhile', async () => {
    const { hub, hubPath } = await place();
    const reindexed = reindex(
      hubPath,
      sinkThat(async () => {
        const store = await ConfigStore.open({ hub, env, topic: 'millrace-configs' }, never);
        await store.putConfig('sink', { 'connector.class': 'list-sink', 'topics.regex': 't.*' });
        await store.close();
      }),
    );
    await expect(reindexed).rejects.toMatchObject({ code: 'REINDEX_CONFIG_CHANGED' });
    expect(lists.steps).toEqual(['create', 'stop', 'restore', 'discard', 'close']);
  });

  test('switches nothing where a record is not taken, takes back what it built, and lets the sink go on', async () => {
    const { hub, hubPath } = await place();
    lists.refused = 'last';
    const reindexed = reindex(
      hubPath,
      sinkThat(() => append(hub, 't', 'last')),
    );
    await expect(reindexed).rejects.toMatchObject({ code: 'REINDEX_REJECTED' });
    expect(lists.steps).toEqual(['create', 'stop', 'restore', 'discard', 'close']);
    expect(lists.serving).toEqual([]);
  });

  test('switches nothing where the sink read a topic that came meanwhile', async () => {
    const { hub, hubPath } = await place();
    const reindexed = reindex(
      hubPath,
      sinkThat(() => append(hub, 'tt', 'other')),
    );
    await expect(reindexed).rejects.toMatchObject({ code: 'REINDEX_TOPICS_CHANGED' });
    expect(lists.steps).toEqual(['create', 'stop', 'restore', 'discard', 'close']);
  });

  test('builds nothing where it cannot be stopped', async () => {
    const { hubPath } = await place();
    await expect(reindex(hubPath, () => Promise.reject(new Error('no such worker')))).rejects.toThrow('no such worker');
    expect(lists.steps).toEqual(['close']);
  });
});
