import { describe, expect, test } from 'vitest';
import type { TopicConfig } from '../../../../../runtime/hub/port.ts';
import { topicSettings } from '../../../../../runtime/hub/embedded/writer/topic-config.ts';

describe('settings of a topic', () => {
  test('that are unknown are named with what was meant', () => {
    expect(() => topicSettings('orders', { 'retention.mss': '1' })).toThrow(
      expect.objectContaining({
        code: 'HUB_TOPIC_INVALID',
        key: 'retention.mss',
        remedy: expect.stringMatching(/^Did you mean retention\.ms\? .*cleanup\.policy, /),
      }),
    );
    expect(() => topicSettings('orders', { colour: 'red' })).toThrow(
      expect.objectContaining({ key: 'colour', remedy: expect.stringMatching(/^These have an effect: /) }),
    );
  });

  test.each([
    ['cleanup.policy', { 'cleanup.policy': 'compress' }],
    ['message.timestamp.type', { 'message.timestamp.type': 'now' }],
    ['retention.ms', { 'retention.ms': 'week' }],
  ] satisfies [string, TopicConfig][])('with a wrong value are named: %s', (key, config) => {
    expect(() => topicSettings('orders', config)).toThrow(
      expect.objectContaining({ code: 'HUB_TOPIC_INVALID', key, remedy: `Correct ${key}.` }),
    );
  });
});
