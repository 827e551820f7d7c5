import { describe, expect, test } from 'vitest';
import { deadLetterPolicy } from '../../../runtime/task/error/dead-letters.ts';
import { topicCreation } from '../../../runtime/task/source/topic-creation.ts';
import { sinkSettings } from '../../../runtime/task/sink/sink-settings.ts';
import { sourceSettings } from '../../../runtime/task/task-settings.ts';

const of = (config: Record<string, string>, worker: Record<string, string> = {}) => ({ config, worker });
const sink = (config: Record<string, string>) =>
  sinkSettings({ connector: 'es', task: 0, epoch: 0, className: 'X', config, worker: {}, paused: false });

describe('source settings', () => {
  test('have defaults', () => {
    expect(sourceSettings(of({}))).toMatchObject({
      delivery: 'at-least-once',
      acks: 'all',
      compression: 'zstd',
      lingerMs: 0,
      flushIntervalMs: 1000,
      offsetTopic: 'millrace-offsets',
      schemaHeader: true,
      maxInflightBytes: 32 * 1024 * 1024,
    });
  });

  test("the connector's keys win over the worker's", () => {
    const worker = { 'producer.compression.type': 'gzip', 'producer.acks': '1', 'offset.storage.topic': 'w' };
    const settings = sourceSettings(of({ 'producer.override.compression.type': 'zstd' }, worker));
    expect(settings).toMatchObject({ compression: 'zstd', acks: 1, offsetTopic: 'w' });
    expect(sourceSettings(of({ 'offsets.storage.topic': 'mine' }, worker)).offsetTopic).toBe('mine');
  });

  test.each([
    [{ 'millrace.delivery': 'exactly-once' }, {}, 'exactly-once'],
    [{ 'exactly.once.support': 'required' }, {}, 'exactly-once'],
    [{ 'exactly.once.support': 'requested' }, {}, 'at-least-once'],
    [{}, { 'exactly.once.source.support': 'enabled' }, 'exactly-once'],
    [{}, { 'exactly.once.source.support': 'preparing' }, 'at-least-once'],
    [{ 'millrace.delivery': 'at-least-once' }, { 'exactly.once.source.support': 'enabled' }, 'at-least-once'],
    [{}, { 'millrace.delivery': 'exactly-once' }, 'exactly-once'],
  ])('delivery of %j on a worker with %j is %s', (config, worker, delivery) => {
    expect(sourceSettings(of(config, worker)).delivery).toBe(delivery);
  });

  test.each([
    ['producer.override.acks', 'two'],
    ['producer.override.compression.type', 'brotli'],
    ['producer.override.batch.size', '-1'],
    ['millrace.delivery', 'at-most-once'],
    ['millrace.task.max.inflight.bytes', '0'],
    ['offset.flush.interval.ms', '1.5'],
    ['millrace.schema.header', 'yes'],
  ])('%s=%s is refused and named', (key, value) => {
    expect(() => sourceSettings(of({ [key]: value }))).toThrow(key);
  });
});

describe('topic creation', () => {
  test('without keys a topic gets one partition', () => {
    expect(topicCreation(of({}))?.('x')).toEqual({ partitions: 1, config: {} });
  });

  test('the first group that takes the whole name wins; the default fills the gaps', () => {
    const create = topicCreation(
      of({
        'topic.creation.default.partitions': '2',
        'topic.creation.default.replication.factor': '1',
        'topic.creation.default.cleanup.policy': 'compact',
        'topic.creation.groups': 'logs, big',
        'topic.creation.logs.include': 'app\\..*',
        'topic.creation.logs.exclude': 'app\\.audit',
        'topic.creation.logs.cleanup.policy': 'delete',
        'topic.creation.big.include': '.*\\.(orders|audit)',
        'topic.creation.big.partitions': '8',
      }),
    );
    expect(create?.('app.x')).toEqual({ partitions: 2, config: { 'cleanup.policy': 'delete' } });
    expect(create?.('app.audit')).toEqual({ partitions: 8, config: { 'cleanup.policy': 'compact' } });
    expect(create?.('my.app.x')).toEqual({ partitions: 2, config: { 'cleanup.policy': 'compact' } });
  });

  test('can be turned off, and a bad pattern is named', () => {
    expect(topicCreation(of({}, { 'topic.creation.enable': 'false' }))).toBeUndefined();
    const bad = { 'topic.creation.groups': 'a', 'topic.creation.a.include': '(' };
    expect(() => topicCreation(of(bad))).toThrow('topic.creation.a.include');
  });
});

describe('sink settings', () => {
  test('the group is named after the connector unless overridden', () => {
    expect(sink({ topics: 'a, b' })).toMatchObject({
      group: 'connect-es',
      topics: { names: ['a', 'b'] },
      start: 'earliest',
    });
    expect(sink({ topics: 'a', 'consumer.override.group.id': 'mine' }).group).toBe('mine');
    expect(sink({ 'topics.regex': 'a.*' }).topics).toEqual({ pattern: 'a.*' });
  });

  test.each([[{}], [{ topics: 'a', 'topics.regex': 'b' }], [{ topics: ' , ' }]])(
    '%j has no topics, or twice',
    (config) => {
      expect(() => sink(config)).toThrow('topics');
    },
  );
});

describe('dead letters', () => {
  test.each([
    [{}, 'stop'],
    [{ 'errors.tolerance': 'all' }, 'stop'],
    [{ 'errors.deadletterqueue.topic.name': 'd' }, 'stop'],
    [{ 'errors.tolerance': 'all', 'errors.deadletterqueue.topic.name': 'd' }, 'dead-letter'],
  ])('%j: %s', (config, kind) => {
    expect(deadLetterPolicy({ config }).kind).toBe(kind);
  });
});
