import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { forEachRecord } from '../../../runtime/hub/batch/record-cursor.ts';
import { CompactedTopic } from '../../../runtime/store/compacted-topic.ts';
import { ConfigStore } from '../../../runtime/store/configs.ts';
import { StatusStore } from '../../../runtime/store/statuses.ts';
import { MemoryHub } from './memory-hub.ts';

const signal = new AbortController().signal;

interface Recorded {
  readonly worker: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string | null;
}

const recorded = readFileSync(new URL('../../fixtures/connect/connect-internal-topics.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** Copies a recorded topic into a hub, record by record. */
async function replay(hub: MemoryHub, topic: string): Promise<void> {
  const store = await CompactedTopic.open({ hub, env: realEnv, topic, partitions: 1, apply: () => {} }, signal);
  for (const record of recorded.filter((one) => one.topic === topic)) await store.put(record.key, record.value);
  await store.close();
}

function written(hub: MemoryHub, topic: string): [string, string | null][] {
  const records: [string, string | null][] = [];
  for (const batch of hub.from(topic, 0, 0n)) {
    forEachRecord(batch, (record) => {
      records.push([record.key()?.toString() ?? '', record.value()?.toString() ?? null]);
    });
  }
  return records;
}

function openConfigs(hub: MemoryHub, more: { changed?: (name: string) => void } = {}): Promise<ConfigStore> {
  return ConfigStore.open({ hub, env: realEnv, topic: 'connect-configs', ...more }, signal);
}

function openStatuses(hub: MemoryHub, topic = 'connect-status'): Promise<StatusStore> {
  return StatusStore.open({ hub, env: realEnv, topic, partitions: 1 }, signal);
}

function of(key: string): string | null {
  return recorded.find((one) => one.topic === 'connect-configs' && one.key === key)?.value ?? null;
}

describe('the config store', () => {
  it('reads the config topic of a Kafka Connect worker', async () => {
    const hub = new MemoryHub();
    await replay(hub, 'connect-configs');
    const store = await openConfigs(hub);
    expect(store.names()).toEqual(['ref', 'alt']);
    const ref = store.get('ref');
    expect(ref?.target).toBe('STARTED');
    expect(ref?.config['connector.class']).toBe('io.debezium.connector.postgresql.PostgresConnector');
    expect(ref?.tasks).toHaveLength(1);
    expect(ref?.tasks[0]?.['task.class']).toBe('io.debezium.connector.postgresql.PostgresConnectorTask');
    await store.close();
  });

  it('follows creations, target states and deletions as Connect wrote them', async () => {
    const hub = new MemoryHub();
    await replay(hub, 'transcript-configs');
    const store = await ConfigStore.open({ hub, env: realEnv, topic: 'transcript-configs' }, signal);
    expect(store.names().toSorted()).toEqual(['%25', 'a/b']);
    expect(store.get('src')).toBeNull();
    await store.close();
  });

  it('writes what Connect writes, byte for byte', async () => {
    const hub = new MemoryHub();
    const store = await openConfigs(hub);
    const properties = (key: string) =>
      (JSON.parse(of(key) ?? '') as { properties: Record<string, string> }).properties;
    await store.putConfig('ref', properties('connector-ref'));
    await store.putTasks('ref', [properties('task-ref-0')]);
    await store.putTarget('ref', 'STOPPED');
    expect(written(hub, 'connect-configs')).toEqual([
      ['connector-ref', of('connector-ref')],
      ['task-ref-0', of('task-ref-0')],
      ['commit-ref', of('commit-ref')],
      ['target-state-ref', '{"state":"PAUSED","state.v2":"STOPPED"}'],
    ]);
    expect(store.get('ref')).toMatchObject({ target: 'STOPPED', tasks: [properties('task-ref-0')] });
    await store.close();
  });

  it('forgets a deleted connector but not its epoch', async () => {
    const hub = new MemoryHub();
    const store = await openConfigs(hub);
    await store.putConfig('c', { a: '1' }, 'PAUSED');
    await store.putTasks('c', [{ t: '0' }, { t: '1' }]);
    expect(await store.nextEpoch('c')).toBe(1);
    await store.delete('c');
    expect(store.get('c')).toBeNull();
    await store.putConfig('c', { a: '2' });
    expect(store.get('c')).toEqual({ config: { a: '2' }, tasks: [], target: 'STARTED', epoch: 1 });
    await store.close();
    const again = await openConfigs(hub);
    expect(again.get('c')).toEqual({ config: { a: '2' }, tasks: [], target: 'STARTED', epoch: 1 });
    expect(await again.nextEpoch('c')).toBe(2);
    await again.close();
  });

  it('takes task configurations only with their commit record', async () => {
    const hub = new MemoryHub();
    const topic = await CompactedTopic.open(
      { hub, env: realEnv, topic: 'connect-configs', partitions: 1, apply: () => {} },
      signal,
    );
    await topic.put('connector-c', '{"properties":{"a":"1"}}');
    await topic.put('task-c-0', '{"properties":{"t":"0"}}');
    const store = await openConfigs(hub);
    expect(store.get('c')?.tasks).toEqual([]);
    await topic.put('commit-c', '{"tasks":2}');
    const again = await openConfigs(hub);
    expect(again.get('c')?.tasks).toEqual([]);
    await Promise.all([topic.close(), store.close(), again.close()]);
  });

  it('leaves out what it cannot read and says so', async () => {
    const hub = new MemoryHub();
    const topic = await CompactedTopic.open(
      { hub, env: realEnv, topic: 'connect-configs', partitions: 1, apply: () => {} },
      signal,
    );
    await topic.put('connector-c', '{"properties"');
    await topic.put('target-state-d', '{"state":"SLEEPING"}');
    await topic.put('connector-e', '{"properties":{"a":"1"}}');
    const unreadable: string[] = [];
    const store = await ConfigStore.open(
      { hub, env: realEnv, topic: 'connect-configs', unreadable: (key) => unreadable.push(key) },
      signal,
    );
    expect(unreadable).toEqual(['connector-c', 'target-state-d']);
    expect(store.names()).toEqual(['e']);
    await Promise.all([topic.close(), store.close()]);
  });

  it('refuses a topic that would lose records', async () => {
    const hub = new MemoryHub();
    await hub.admin.createTopic('connect-configs', 1, { 'cleanup.policy': 'delete' });
    await expect(openConfigs(hub)).rejects.toMatchObject({ code: 'STORE_TOPIC_NOT_COMPACTED' });
  });

  it('fails a write that the hub refuses, and keeps what it had', async () => {
    const hub = new MemoryHub();
    const store = await openConfigs(hub);
    await store.putConfig('c', { a: '1' });
    hub.appendError = new Error('disk full');
    await expect(store.putConfig('c', { a: '2' })).rejects.toThrow('disk full');
    expect(store.get('c')?.config).toEqual({ a: '1' });
    await store.close();
  });
});

describe('the status store', () => {
  it('reads the status topic of a Kafka Connect worker', async () => {
    const hub = new MemoryHub();
    await replay(hub, 'connect-status');
    const store = await openStatuses(hub);
    expect(store.connector('ref')).toEqual({
      state: 'RUNNING',
      trace: null,
      worker_id: '127.0.0.1:28093',
      generation: 2,
      version: '3.6.1.Final',
    });
    expect(store.tasks('alt')).toMatchObject([{ task: 0, status: { state: 'RUNNING', generation: 5 } }]);
    expect(store.topics('ref')).toContain('ref.public.part');
    await store.close();
  });

  it('writes what Connect writes, byte for byte', async () => {
    const hub = new MemoryHub();
    const store = await openStatuses(hub);
    const keys = ['status-connector-ref', 'status-task-ref-0'];
    const values = keys.map(
      (key) => recorded.find((one) => one.topic === 'connect-status' && one.key === key)?.value ?? '',
    );
    const [connector, task] = values.map((value) => JSON.parse(value) as Parameters<StatusStore['putConnector']>[1]);
    await store.putConnector('ref', connector ?? null);
    await store.putTask('ref', 0, task ?? null);
    expect(written(hub, 'connect-status')).toEqual([
      [keys[0], values[0]],
      [keys[1], values[1]],
    ]);
    await store.addTopic('ref', 'ref.public.part', 0);
    expect(written(hub, 'connect-status')[2]).toEqual([
      'status-topic-ref.public.part:connector-ref',
      expect.stringMatching(
        /^\{"topic":\{"name":"ref\.public\.part","connector":"ref","task":0,"discoverTimestamp":\d{13}\}\}$/,
      ),
    ]);
    await store.close();
  });

  it('forgets all of a deleted connector and nothing of one with a similar name', async () => {
    const hub = new MemoryHub();
    const store = await openStatuses(hub);
    const status = { state: 'RUNNING', trace: null, worker_id: 'w', generation: 1, version: null } as const;
    await store.putTask('a', 0, status);
    await store.putTask('a-0', 0, status);
    await store.addTopic('a', 't', 0);
    await store.forget('a');
    expect(store.tasks('a')).toEqual([]);
    expect(store.topics('a')).toEqual([]);
    expect(store.tasks('a-0')).toHaveLength(1);
    await store.close();
  });
});
