import { expect, test } from 'vitest';
import { readSignal } from '../../../runtime/change/signal.ts';

test.each([
  [
    'execute-snapshot',
    '{"data-collections": ["a.b"], "type": "INCREMENTAL", "additional-conditions": [{"data-collection": "a.b", "filter": "x = 1"}]}',
    {
      kind: 'execute-snapshot',
      id: 'i',
      type: 'incremental',
      collections: ['a.b'],
      conditions: [{ collection: 'a.b', filter: 'x = 1' }],
    },
  ],
  ['stop-snapshot', '{"type":"INCREMENTAL"}', { kind: 'stop-snapshot', id: 'i', collections: [] }],
  ['pause-snapshot', null, { kind: 'pause-snapshot', id: 'i' }],
  ['resume-snapshot', '{}', { kind: 'resume-snapshot', id: 'i' }],
  ['log', '{"message": "m"}', { kind: 'log', id: 'i', message: 'm' }],
  ['snapshot-window-open', '', { kind: 'ignored', id: 'i', type: 'snapshot-window-open' }],
  ['execute-snapshot', '{}', { kind: 'wrong', id: 'i', problem: 'data names no data-collections' }],
  ['execute-snapshot', '{', { kind: 'wrong', id: 'i', problem: 'data is no JSON object: {' }],
  ['log', '[]', { kind: 'wrong', id: 'i', problem: 'data is no JSON object: []' }],
  ['other', '{}', { kind: 'wrong', id: 'i', problem: 'type other is not known' }],
])('a signal %s with %s is read', (type, data, expected) => {
  expect(readSignal('i', type, data)).toEqual(expected);
});
