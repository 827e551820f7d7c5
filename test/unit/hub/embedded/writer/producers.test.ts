import { describe, expect, it } from 'vitest';
import { readBatchHeader } from '../../../../../runtime/hub/batch/batch-header.ts';
import { sealBatch } from '../../../../../runtime/hub/batch/seal-batch.ts';
import { Commit } from '../../../../../runtime/hub/embedded/writer/commit.ts';
import { Partition } from '../../../../../runtime/hub/embedded/writer/partition.ts';
import { Producer } from '../../../../../runtime/hub/embedded/writer/producers.ts';
import { topicSettings } from '../../../../../runtime/hub/embedded/writer/topic-config.ts';
import { batchOf } from '../../../../conformance/hub/driver.ts';

function header(baseSequence: number, count: number) {
  const batch = batchOf(...Array.from({ length: count }, (_, i) => `${i}`));
  sealBatch(batch, { producerId: 1n, epoch: 0, baseSequence, transactional: false });
  return readBatchHeader(batch);
}

const at = (baseOffset: number) => ({ baseOffset, logAppendTimeMs: -1 });

describe('a producer', () => {
  const partition = new Partition(1, 't', 0, topicSettings('t', {}));

  it('has a retried batch answered with the offset it has', () => {
    const producer = new Producer(1, 0, null, 1000);
    const commit = new Commit(1, 0);
    for (let n = 0; n < 6; n++) {
      expect(producer.duplicate(partition, header(n * 2, 2))).toBeNull();
      producer.remember(commit, partition, header(n * 2, 2), at(100 + n * 2));
    }
    expect(producer.duplicate(partition, header(10, 2))?.baseOffset).toBe(110);
    expect(producer.duplicate(partition, header(2, 2))?.baseOffset).toBe(102);
    expect(() => producer.duplicate(partition, header(0, 2))).toThrow(/sequence 0 .* expected 12/);
    expect(() => producer.duplicate(partition, header(14, 1))).toThrow(/sequence 14 .* expected 12/);
    expect(() => producer.duplicate(partition, header(10, 1))).toThrow(/HUB|sequence 10/);
  });

  it('wraps its numbers after the largest', () => {
    const producer = new Producer(1, 0, null, 1000);
    const commit = new Commit(1, 0);
    const last = header(0, 1);
    producer.remember(commit, partition, { ...last, baseSequence: 0x7fff_fffe, lastOffsetDelta: 3 }, at(0));
    expect(producer.duplicate(partition, header(2, 1))).toBeNull();
  });

  it('forgets what a commit that failed had appended', () => {
    const producer = new Producer(1, 0, null, 1000);
    producer.remember(new Commit(1, 0), partition, header(0, 2), at(0));
    const failed = new Commit(2, 0);
    producer.remember(failed, partition, header(2, 2), at(2));
    failed.rollback();
    expect(producer.duplicate(partition, header(2, 2))).toBeNull();
  });
});
