import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectorProfile } from '../../../runtime/rest/api.ts';
import { millrace } from '../../e2e/worker-process.ts';
import { startLocalWorker, type LocalWorker } from '../rest/local-worker.ts';

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startLocalWorker();
  await worker.request('PUT', '/connectors/feed/config', {
    'connector.class': 'generator',
    topic: 'feed',
    throughput: '500',
  });
  await worker.request('PUT', '/connectors/sink/config', { 'connector.class': 'blackhole', topics: 'feed' });
  for (let round = 0; round < 200; round++) {
    if (/send_total\{connector="sink",task="0"\} [1-9]/.test((await worker.request('GET', '/metrics')).text)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

afterAll(() => worker.close());

const top = (...args: readonly string[]) => millrace(['top', ...args, '--url', worker.url], worker.path);

describe('millrace top, of a running worker', () => {
  test('looks once where there is no terminal', async () => {
    const { code, out } = await top();
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TASK .*WHERE THE TIME GOES$/);
    expect(lines.slice(1).toSorted()).toEqual([
      expect.stringMatching(/^feed-0 +(?:MOVING|IDLE) /),
      expect.stringMatching(/^sink-0 +(?:MOVING|IDLE) /),
    ]);
  });

  test('prints JSON of the connectors that are named', async () => {
    const { code, out } = await top('feed', '--json');
    expect(code).toBe(0);
    const [profile, ...others] = JSON.parse(out) as ConnectorProfile[];
    expect(others).toEqual([]);
    expect(profile).toMatchObject({ name: 'feed', type: 'source', tasks: [{ id: 0, state: 'RUNNING' }] });
    const shares = Object.values(profile?.tasks[0]?.shares ?? {});
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 1);
  });

  test('knows no connector that does not exist, and no interval that is none', async () => {
    expect(await top('fed', '--json')).toMatchObject({ code: 4, err: expect.stringContaining('feed') });
    expect((await top('--interval', 'soon')).code).toBe(2);
  });

  test('beside it, the list tells the health', async () => {
    const { out } = await millrace(['connectors', 'list', '--url', worker.url], worker.path);
    expect(out).toMatch(/^NAME +TYPE +STATE +HEALTH +TASKS +CLASS$/m);
    expect(out).toMatch(/^sink +sink +RUNNING +(?:healthy|idle) +1 RUNNING +blackhole$/m);
  });
});
