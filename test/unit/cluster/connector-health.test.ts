import { describe, expect, it } from 'vitest';
import type { ConnectorStateInfo } from '../../../runtime/cluster/answers.ts';
import { connectorHealth } from '../../../runtime/cluster/connector-health.ts';
import type { TargetState } from '../../../runtime/store/configs.ts';

type State = ConnectorStateInfo['connector']['state'];

function health(target: TargetState, connector: State | null, tasks: readonly State[], planned = tasks.length) {
  const worker_id = 'w';
  const status: ConnectorStateInfo | null =
    connector === null
      ? null
      : {
          name: 'c',
          type: 'source',
          connector: {
            state: connector,
            worker_id,
            ...(connector === 'FAILED' ? { trace: 'A_B: MillraceError: no' } : {}),
          },
          tasks: tasks.map((state, id) => ({ id, state, worker_id, version: null, trace: 'Error: lost\n  at x' })),
        };
  return connectorHealth({ name: 'c', target, planned, status, tasks: [] });
}

describe('the health of a connector', () => {
  it.each<[TargetState, State | null, readonly State[], number, string]>([
    ['STARTED', 'RUNNING', ['RUNNING', 'RUNNING'], 2, 'healthy'],
    ['STARTED', 'RUNNING', ['RUNNING', 'STOPPED'], 2, 'healthy'],
    ['STARTED', 'RUNNING', ['RUNNING'], 2, 'starting'],
    ['STARTED', 'RUNNING', [], 1, 'starting'],
    ['STARTED', 'RUNNING', ['UNASSIGNED'], 1, 'starting'],
    ['STARTED', null, [], 0, 'starting'],
    ['STARTED', 'PAUSED', ['PAUSED'], 1, 'starting'],
    ['STARTED', 'RUNNING', ['RUNNING', 'FAILED'], 2, 'unhealthy'],
    ['STARTED', 'FAILED', [], 0, 'unhealthy'],
    ['PAUSED', 'PAUSED', ['PAUSED'], 1, 'healthy'],
    ['PAUSED', 'PAUSED', ['FAILED'], 1, 'unhealthy'],
    ['STOPPED', 'STOPPED', [], 0, 'healthy'],
    ['STOPPED', 'RUNNING', ['RUNNING'], 1, 'starting'],
  ])('wanted %s, it is %s and its tasks are %j of %i: %s', (target, connector, tasks, planned, expected) => {
    expect(health(target, connector, tasks, planned).status).toBe(expected);
  });

  it('says why it is not well, without a stack', () => {
    expect(health('STARTED', 'FAILED', []).message).toBe('A_B: no');
    expect(health('STARTED', 'RUNNING', ['RUNNING', 'FAILED']).message).toBe('task 1: lost');
  });
});
