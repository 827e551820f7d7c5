import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../runtime/observe/logger.ts';
import { LoggerLevels } from '../../../runtime/observe/logger-levels.ts';
import { WorkerHealth } from '../../../runtime/observe/health.ts';

describe('the log', () => {
  it('writes one JSON object a line, with errors as code, message and stack', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const levels = new LoggerLevels('INFO', () => 5);
    const log = await createLogger({ level: levels, destination, pretty: false, colour: false });
    log.debug('not shown');
    log.info('started', { connector: 'c', offset: 12345678901234567890n });
    log.error('failed', { error: Object.assign(new Error('no space'), { code: 'HUB_DISK_FULL' }) });
    const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(2);
    expect(first).toMatchObject({ level: 'info', msg: 'started', connector: 'c', offset: '12345678901234567890' });
    expect(String(first?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(second).toMatchObject({ level: 'error', error: { code: 'HUB_DISK_FULL', message: 'no space' } });
  });
});

describe('log levels', () => {
  it('hold for the lines of a connector, below those of all, and change while the worker runs', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const levels = new LoggerLevels('INFO', () => 5);
    levels.watch(() => ['shop', 'other']);
    const log = await createLogger({ level: levels, destination, pretty: false, colour: false });
    const logged = (): unknown[] => {
      lines.length = 0;
      log.debug('of the worker');
      log.debug('of shop', { connector: 'shop' });
      log.error('of other', { connector: 'other' });
      return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    };
    expect(logged()).toEqual(['of other']);
    expect(levels.set('connector.shop', 'DEBUG')).toEqual(['connector.shop']);
    expect(logged()).toEqual(['of shop', 'of other']);
    expect(levels.set('connector', 'OFF')).toEqual(['connector', 'connector.other', 'connector.shop']);
    expect(logged()).toEqual([]);
    expect(levels.set('root', 'DEBUG')).toEqual(['connector', 'connector.other', 'connector.shop', 'root']);
    expect(logged()).toEqual(['of the worker', 'of shop', 'of other']);
    expect(levels.get('connector.shop')).toEqual({ level: 'DEBUG', last_modified: 5 });
    expect(levels.get('nobody')).toBeNull();
  });
});

describe('health', () => {
  it('is starting, then healthy, and stays unhealthy once a part has failed', () => {
    const health = new WorkerHealth();
    expect(health.get().status).toBe('starting');
    health.started();
    expect(health.get().status).toBe('healthy');
    health.failed('hub', 'disk gone');
    expect(health.get()).toMatchObject({ status: 'unhealthy', message: 'Worker cannot go on. hub: disk gone' });
  });
});
