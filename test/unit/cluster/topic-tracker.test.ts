import { describe, expect, it } from 'vitest';
import { TopicTracker } from '../../../runtime/cluster/topic-tracker.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { FakeTask } from './fake-host.ts';
import { memoryLog, startTestWorker } from './test-worker.ts';

describe('the topics of a connector', () => {
  it('of a sink with topics.regex are those it has read, and after a reset those it reads on', async () => {
    const worker = await startTestWorker();
    const { statuses, hub } = worker;
    const spec = { connector: 'snk', task: 0, epoch: 1, className: '', config: {}, worker: {}, paused: false };
    const task = new FakeTask(
      spec,
      () => {},
      () => {},
      'stopped',
    );
    const tracker = new TopicTracker({
      env: realEnv,
      log: memoryLog([]),
      statuses,
      views: () => new Map([['snk', [task.view()]]]),
      committed: (name) => hub.groups.offsets(`connect-${name}`),
    });
    await tracker.look();
    expect(statuses.topics('snk')).toEqual([]);
    hub.groupOffsets.set('connect-snk', [
      { topic: 'a', partition: 0, offset: 3n },
      { topic: 'b', partition: 1, offset: 9n },
      // Where it began, with nothing read yet.
      { topic: 'c', partition: 0, offset: 0n, metadata: 'begun' },
    ]);
    await tracker.look();
    expect(statuses.topics('snk')).toEqual(['a', 'b']);
    await statuses.resetTopics('snk');
    await tracker.look();
    expect(statuses.topics('snk')).toEqual([]);
    hub.groupOffsets.set('connect-snk', [
      { topic: 'a', partition: 0, offset: 3n },
      { topic: 'b', partition: 1, offset: 10n },
    ]);
    await tracker.look();
    expect(statuses.topics('snk')).toEqual(['b']);
    await tracker.close();
    await worker.close();
  });
});
