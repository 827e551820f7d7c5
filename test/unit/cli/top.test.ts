import { describe, expect, it } from 'vitest';
import { bytesText, topLines } from '../../../runtime/cli/top-screen.ts';
import type { ConnectorProfile } from '../../../runtime/rest/api.ts';

function profile(name: string, more: Partial<ConnectorProfile['tasks'][number]>): ConnectorProfile {
  const task: ConnectorProfile['tasks'][number] = {
    id: 0,
    state: 'RUNNING',
    at: 'converting',
    at_since_ms: 1,
    standing: 'MOVING',
    shares: { converting: 0.75, producing: 0.2, reading: 0.05 },
    stage_ms: {},
    records_per_second: 12345,
    bytes_per_second: 5 * 2 ** 20,
    queues: { unsent: 0, appending: 2048 },
    queue_limit_bytes: 2 ** 25,
    active_records: 3,
    loop_delay_ms: 1,
    loop_utilization: 0.5,
    ...more,
  };
  return { name, type: 'source', tasks: [task] };
}

describe('millrace top', () => {
  it('shows the busiest first, each with its largest share first, and which queues hold bytes', () => {
    const idle = profile('idle', { standing: 'IDLE', at: 'waiting', shares: { waiting: 1 }, queues: {} });
    const lines = topLines([idle, profile('busy', {})], undefined);
    expect(lines.map(({ text }) => text)).toEqual([
      'TASK    STANDING  AT          RECORDS/S  BYTES/S   QUEUED  LOOP  WHERE THE TIME GOES',
      'busy-0  MOVING    converting     12,345  5.0 MiB  2.0 KiB   50%  converting 75% producing 20% reading 5% (appending 2.0 KiB)',
      'idle-0  IDLE      waiting        12,345  5.0 MiB      0 B   50%  waiting 100%',
    ]);
    expect(lines.map(({ colour }) => colour)).toEqual(['bold', null, 'dim']);
  });

  it('marks what is stalled or has failed, and keeps to the width of the terminal', () => {
    const lines = topLines([profile('a', { standing: 'STALLED' }), profile('b', { state: 'FAILED' })], 30);
    expect(lines.map(({ colour }) => colour)).toEqual(['bold', 'red', 'red']);
    expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThanOrEqual(30);
    expect(lines[2]?.text).toContain('FAILED');
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [150 * 2 ** 20, '150 MiB'],
    [2 ** 40 * 1.5, '1.5 TiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });
});
