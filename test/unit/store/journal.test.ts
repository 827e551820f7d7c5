import { describe, expect, it } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { TopicJournal } from '../../../runtime/store/journal.ts';
import { MemoryHub } from './memory-hub.ts';

const { signal } = new AbortController();

async function entries(journal: TopicJournal): Promise<string[]> {
  const read: string[] = [];
  await journal.read((entry) => {
    read.push(entry.toString());
  }, signal);
  return read;
}

describe('a journal', () => {
  it('gives back what was written, in order, whoever opens it', async () => {
    const hub = new MemoryHub();
    const open = (): Promise<TopicJournal> =>
      TopicJournal.open({ hub, env: realEnv, topic: 'history' }, () => expect.unreachable());
    const first = await open();
    expect(await entries(first)).toEqual([]);
    await first.append(['one', 'two']);
    await first.append(['x'.repeat(1_500_000), 'three']);
    await first.close();
    const second = await open();
    expect((await entries(second)).map((entry) => entry.slice(0, 5))).toEqual(['one', 'two', 'xxxxx', 'three']);
    expect((await hub.admin.describe('history'))?.config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
    });
  });

  it.each([
    ['cleanup.policy=compact', 1, { 'cleanup.policy': 'compact' }],
    ['3 partitions', 3, {}],
  ])('is not kept in a topic with %s', async (what, partitions, config) => {
    const hub = new MemoryHub();
    await hub.admin.createTopic('other', partitions, config);
    await expect(TopicJournal.open({ hub, env: realEnv, topic: 'other' }, () => undefined)).rejects.toMatchObject({
      code: 'STORE_TOPIC_NOT_A_JOURNAL',
      message: expect.stringContaining(what) as string,
    });
  });

  it('warns of a topic that drops old entries', async () => {
    const hub = new MemoryHub();
    await hub.admin.createTopic('short', 1, { 'retention.ms': '1000' });
    const said: string[] = [];
    await TopicJournal.open({ hub, env: realEnv, topic: 'short' }, (text) => said.push(text));
    expect(said).toEqual(['topic short drops old entries: set retention.ms=-1']);
  });
});
