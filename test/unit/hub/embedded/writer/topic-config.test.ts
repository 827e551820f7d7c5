import { describe, expect, test } from 'vitest';
import type { TopicConfig } from '../../../../../runtime/hub/port.ts';
import { checkGiven, topicSettings } from '../../../../../runtime/hub/embedded/writer/topic-config.ts';

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

  test.each([
    ['retention.ms', '1e3', 'retention.ms is a whole number of at least -1, not "1e3"'],
    ['retention.ms', '0x10', 'retention.ms is a whole number of at least -1, not "0x10"'],
    ['retention.ms', ' 1 ', 'retention.ms is a whole number of at least -1, not " 1 "'],
    ['retention.bytes', '-2', 'retention.bytes is a whole number of at least -1, not "-2"'],
    ['retention.ms', '99999999999999999999', 'not "99999999999999999999"'],
    ['max.message.bytes', '-1', 'max.message.bytes is a whole number of at least 1, not "-1"'],
    ['min.cleanable.dirty.ratio', '2', 'min.cleanable.dirty.ratio is a number from 0 to 1, not "2"'],
  ])('that are given now are written plainly and within their range: %s=%s', (key, value, message) => {
    expect(() => checkGiven('orders', { [key]: value })).toThrow(
      expect.objectContaining({ code: 'HUB_TOPIC_INVALID', key, message: expect.stringContaining(message) }),
    );
  });

  test('that are given now may say "for ever" as Kafka’s users do, and be taken back', () => {
    const given = {
      'retention.ms': '9223372036854775807',
      'retention.bytes': '-1',
      'min.cleanable.dirty.ratio': '0.5',
    };
    expect(() => checkGiven('orders', { ...given, 'max.message.bytes': null })).not.toThrow();
  });
});
