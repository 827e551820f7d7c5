import { afterEach, describe, expect, it } from 'vitest';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { MemoryHub } from '../store/memory-hub.ts';
import { failure } from './fake-host.ts';
import { FileCatalog, fileSink, fileSource } from './file-stream.ts';
import { startTestWorker, until, type TestWorker } from './test-worker.ts';

const open: TestWorker[] = [];

async function start(...args: Parameters<typeof startTestWorker>): Promise<TestWorker> {
  const worker = await startTestWorker(...args);
  open.push(worker);
  return worker;
}

afterEach(async () => {
  for (const worker of open.splice(0)) await worker.close();
});

const source: RawConfig = { 'connector.class': 'FileStreamSource', topic: 'lines', file: 'in.txt' };
const sink: RawConfig = { 'connector.class': 'FileStreamSink', topics: 'lines', 'tasks.max': '3' };

function state(worker: TestWorker, name: string): string {
  const connector = worker.statuses.connector(name)?.state ?? '-';
  return [connector, ...worker.statuses.tasks(name).map(({ status }) => status.state)].join(' ');
}

describe('the herder', () => {
  it('plans, stores and starts the tasks of a new connector', async () => {
    const worker = await start();
    const info = await worker.herder.create('src', source, 'STARTED');
    expect(info).toEqual({ name: 'src', config: { ...source, name: 'src' }, tasks: [], type: 'source' });
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.configs.get('src')?.tasks).toEqual([{ ...source, name: 'src' }]);
    expect(worker.host.started).toMatchObject([{ connector: 'src', task: 0, epoch: 1, paused: false }]);
    expect(worker.host.started[0]?.className).toBe(fileSource.className);
  });

  it('refuses a name that is taken, and leaves the connector as it was', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await expect(worker.herder.create('src', { ...source, topic: 'other' }, 'STARTED')).rejects.toMatchObject({
      kind: 'conflict',
      message: 'Connector src already exists',
    });
    expect(worker.herder.answers.config('src')['topic']).toBe('lines');
  });

  it('stores nothing of an invalid configuration', async () => {
    const worker = await start();
    const appends = worker.hub.appends;
    await expect(worker.herder.create('src', { ...source, topic: '', 'tasks.max': '0' }, 'STARTED')).rejects.toThrow(
      'tasks.max',
    );
    await expect(worker.herder.putConfig('src', { 'connector.class': 'Nope' })).rejects.toThrow('Nope');
    expect(worker.hub.appends).toBe(appends);
    expect(worker.herder.names()).toEqual([]);
  });

  it('pauses and resumes running tasks without starting them again', async () => {
    const worker = await start();
    await worker.herder.create('snk', sink, 'STARTED');
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING RUNNING RUNNING');
    await worker.herder.setTarget('snk', 'PAUSED');
    await until(() => state(worker, 'snk') === 'PAUSED PAUSED PAUSED PAUSED');
    await worker.herder.setTarget('snk', 'STARTED');
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING RUNNING RUNNING');
    expect(worker.host.started).toHaveLength(3);
  });

  it('stops: tasks gone, their configurations emptied, offsets kept for a later resume under a new epoch', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await worker.herder.setTarget('src', 'STOPPED');
    await until(() => state(worker, 'src') === 'STOPPED');
    expect(worker.herder.answers.tasks('src')).toEqual([]);
    expect(worker.host.running.size).toBe(0);
    await worker.herder.setTarget('src', 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.host.started.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it('lets a connector that was stopped for work go on as before, or as was asked for meanwhile', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    const during = (ask: () => Promise<unknown>) => {
      let asked: Promise<unknown> = Promise.resolve();
      const work = worker.herder.whileStopped('src', async () => {
        expect(worker.configs.get('src')?.target).toBe('STOPPED');
        asked = ask();
      });
      return work.then(() => asked);
    };
    await during(() => Promise.resolve());
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await during(() => worker.herder.setTarget('src', 'PAUSED'));
    await until(() => state(worker, 'src') === 'PAUSED');
    await worker.herder.setTarget('src', 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await during(() => worker.herder.setTarget('src', 'STOPPED'));
    expect(worker.configs.get('src')?.target).toBe('STOPPED');
    await until(() => state(worker, 'src') === 'STOPPED');
  });

  it('creates stopped and paused connectors without tasks', async () => {
    const worker = await start();
    await worker.herder.create('a', source, 'STOPPED');
    await worker.herder.create('b', source, 'PAUSED');
    await until(() => state(worker, 'a') === 'STOPPED' && state(worker, 'b') === 'PAUSED');
    expect(worker.host.started).toEqual([]);
    await worker.herder.setTarget('b', 'STARTED');
    await until(() => state(worker, 'b') === 'RUNNING RUNNING');
  });

  it('starts the tasks again with a changed configuration, and fewer of them where it says so', async () => {
    const worker = await start();
    await worker.herder.create('snk', sink, 'STARTED');
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING RUNNING RUNNING');
    const { created } = await worker.herder.putConfig('snk', { ...sink, 'tasks.max': '1', file: 'x' });
    expect(created).toBe(false);
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING');
    expect(worker.host.task('snk').spec).toMatchObject({ epoch: 2, config: { file: 'x' } });
    expect(worker.configs.get('snk')?.tasks).toHaveLength(1);
  });

  it('does not touch the tasks when the same configuration is put again', async () => {
    const worker = await start();
    await worker.herder.putConfig('src', source);
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await worker.herder.putConfig('src', source);
    await worker.herder.patchConfig('src', {});
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.host.started).toHaveLength(1);
  });

  it('shows a failed task with its trace and restarts only what failed', async () => {
    const worker = await start();
    await worker.herder.create('snk', sink, 'STARTED');
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING RUNNING RUNNING');
    worker.host.task('snk', 1).fail(failure('no space'));
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING FAILED RUNNING');
    expect(worker.herder.answers.status('snk').tasks[1]?.trace).toContain('no space');
    expect(worker.herder.figures.setbacks().get('snk')).toMatch(/^task 1: FAILED: .*no space[^\n]*$/);
    const shown = await worker.herder.restart('snk', { includeTasks: true, onlyFailed: true });
    expect(shown?.tasks.map((task) => task.state)).toEqual(['RUNNING', 'RESTARTING', 'RUNNING']);
    expect(shown?.connector.state).toBe('RUNNING');
    await until(() => state(worker, 'snk') === 'RUNNING RUNNING RUNNING RUNNING');
    expect(worker.host.started.map(({ task, epoch }) => `${task}/${epoch}`)).toEqual(['0/1', '1/1', '2/1', '1/2']);
  });

  it('ignores what a task of an earlier epoch still reports', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    const zombie = worker.host.task('src');
    await worker.herder.restartTask('src', 0);
    await until(() => worker.host.started.length === 2 && state(worker, 'src') === 'RUNNING RUNNING');
    zombie.fail(failure('late'));
    await until(() => true);
    expect(state(worker, 'src')).toBe('RUNNING RUNNING');
    expect(worker.statuses.task('src', 0)?.generation).toBe(2);
  });

  it('makes a connector FAILED that cannot be planned, and starts it once that is mended', async () => {
    const catalog = new FileCatalog([
      fileSink,
      {
        ...fileSource,
        plan: (config) => {
          if (config['file'] === 'bad') throw new Error('cannot divide the work');
          return [config];
        },
      },
    ]);
    const worker = await start(new MemoryHub(), {}, catalog);
    await worker.herder.create('src', { ...source, file: 'bad' }, 'STARTED');
    await until(() => state(worker, 'src') === 'FAILED');
    const { connector } = worker.herder.answers.status('src');
    expect(connector.trace).toContain('cannot divide the work');
    expect(worker.herder.figures.setbacks().get('src')).toMatch(/^[^\n]*cannot divide the work[^\n]*$/);
    expect(Object.values(connector).every((value) => typeof value === 'string')).toBe(true);
    await worker.herder.patchConfig('src', { file: 'good' });
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.herder.figures.setbacks().size).toBe(0);
  });

  it('hands resolved variables to tasks and stores them unresolved', async () => {
    const worker = await start(new MemoryHub(), { SECRET: 'hush' });
    await worker.herder.create('src', { ...source, file: '${env:SECRET}' }, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.host.task('src').spec.config['file']).toBe('hush');
    expect(worker.configs.get('src')?.tasks[0]?.['file']).toBe('${env:SECRET}');
    expect(worker.herder.answers.config('src')['file']).toBe('${env:SECRET}');
  });

  it('does not tell what a variable stands for in an error', async () => {
    const worker = await start(new MemoryHub(), { SECRET: 'hush' });
    const wrong = { ...source, 'batch.size': '${env:SECRET}' };
    await expect(worker.herder.create('src', wrong, 'STARTED')).rejects.toThrow('Invalid value ${env:SECRET} for');
    const infos = await worker.herder.gate.validate('FileStreamSource', { ...wrong, name: 'src' });
    expect(JSON.stringify(infos)).not.toContain('hush');
  });

  it('refuses a variable that names nothing', async () => {
    const worker = await start();
    await expect(worker.herder.create('src', { ...source, file: '${env:ABSENT}' }, 'STARTED')).rejects.toMatchObject({
      code: 'CONFIG_VARIABLE_UNRESOLVED',
      key: 'file',
    });
  });

  it('hides passwords in answers, and keeps them where they come back hidden', async () => {
    const worker = await start();
    const info = await worker.herder.create('src', { ...source, 'file.password': 'hush' }, 'STARTED');
    expect(info.config['file.password']).toBe('[hidden]');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    const shown = worker.herder.answers.config('src');
    expect(JSON.stringify([shown, worker.herder.answers.tasks('src'), worker.lines])).not.toContain('hush');
    await worker.herder.putConfig('src', { ...shown, topic: 'other' });
    expect(worker.configs.get('src')?.config).toMatchObject({ 'file.password': 'hush', topic: 'other' });
    await expect(worker.herder.create('new', { ...source, 'file.password': '[hidden]' }, 'STARTED')).rejects.toThrow(
      'file.password',
    );
  });

  it('forgets a deleted connector, and a new one of its name starts afresh under a later epoch', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await worker.herder.delete('src', false);
    expect(worker.herder.names()).toEqual([]);
    await until(() => worker.host.running.size === 0 && state(worker, 'src') === '-');
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    expect(worker.host.task('src').spec.epoch).toBe(2);
  });

  it('removes what the connector left outside before it is deleted, if asked to', async () => {
    const removed: RawConfig[] = [];
    const catalog = new FileCatalog([
      {
        ...fileSource,
        destroy: async ({ config }) => {
          removed.push(config);
          return ['a slot'];
        },
      },
    ]);
    const worker = await start(new MemoryHub(), {}, catalog);
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await worker.herder.delete('src', true);
    expect(removed).toHaveLength(1);
    expect(worker.host.running.size).toBe(0);
    expect(worker.herder.names()).toEqual([]);
  });

  it('checks upstream with variables resolved, and takes a thrown error as a finding', async () => {
    const seen: RawConfig[] = [];
    const catalog = new FileCatalog([
      {
        ...fileSource,
        check: async ({ config }) => {
          seen.push(config);
          if (config['file'] === 'gone') throw new Error('no such file');
          return [
            { name: 'readable', ok: true },
            { name: 'fast', ok: false, fatal: false, remedy: 'Wait.' },
          ];
        },
      },
    ]);
    const worker = await start(new MemoryHub(), { FILE: 'f' }, catalog);
    const { signal } = new AbortController();
    const good = await worker.herder.gate.check('src', { ...source, file: '${env:FILE}' }, signal);
    expect(seen[0]?.['file']).toBe('f');
    expect(good).toEqual({
      name: 'src',
      ok: true,
      results: [
        { name: 'readable', ok: true, fatal: false },
        { name: 'fast', ok: false, fatal: false, remedy: 'Wait.' },
      ],
    });
    const bad = await worker.herder.gate.check('src', { ...source, file: 'gone' }, signal);
    expect(bad).toMatchObject({ ok: false, results: [{ ok: false, fatal: true, problem: 'no such file' }] });
    await expect(worker.herder.check('none', signal)).rejects.toMatchObject({ kind: 'missing' });
    await expect(worker.herder.gate.check('src', { ...source, 'tasks.max': '0' }, signal)).rejects.toThrow('tasks.max');
  });

  it('resumes everything after the worker ends: states, task configurations, epochs', async () => {
    const first = await startTestWorker();
    await first.herder.create('run', source, 'STARTED');
    await first.herder.create('pause', sink, 'STARTED');
    await first.herder.create('stop', source, 'STARTED');
    await until(() => ['run', 'pause', 'stop'].every((name) => state(first, name).endsWith('RUNNING')));
    await first.herder.setTarget('pause', 'PAUSED');
    await first.herder.setTarget('stop', 'STOPPED');
    await until(() => state(first, 'stop') === 'STOPPED' && state(first, 'pause').endsWith('PAUSED PAUSED PAUSED'));
    await first.close();
    expect(first.host.running.size).toBe(0);
    expect(first.statuses.connector('run')?.state).toBe('UNASSIGNED');

    const second = await start(first.hub);
    await until(() => state(second, 'run') === 'RUNNING RUNNING' && state(second, 'pause').endsWith('PAUSED PAUSED'));
    expect(state(second, 'stop')).toBe('STOPPED');
    expect(second.host.running.size).toBe(4);
    expect(second.host.task('run').spec.epoch).toBe(2);
    expect(second.host.task('pause').spec.paused).toBe(true);
  });

  it('shows a connector it cannot start on a full disk as FAILED, and starts it once there is room', async () => {
    const first = await start();
    await first.herder.create('src', source, 'STARTED');
    await until(() => state(first, 'src') === 'RUNNING RUNNING');
    first.hub.appendError = new MillraceError('HUB_DISK_FULL', 'the disk is full', { kind: 'full' });
    const second = await start(first.hub);
    await second.herder.settled();
    const shown = second.herder.answers.status('src');
    expect(shown.connector).toMatchObject({ state: 'FAILED', trace: expect.stringContaining('HUB_DISK_FULL') });
    expect(shown.tasks.map((task) => task.state)).toEqual(['UNASSIGNED']);
    expect(second.herder.answers.taskStatus('src', 0).state).toBe('UNASSIGNED');
    first.hub.appendError = null;
    await expect.poll(() => second.herder.answers.status('src').tasks[0]?.state, { timeout: 5000 }).toBe('RUNNING');
    expect(second.herder.answers.status('src').connector.state).toBe('RUNNING');
  });

  it('shows what a task waits for though the disk is too full to store it, and stores it once there is room', async () => {
    const worker = await start();
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    worker.hub.appendError = new MillraceError('HUB_DISK_FULL', 'the disk is full', { kind: 'full' });
    worker.host.task('src').retry('HUB_DISK_FULL: starts again by itself');
    await until(() => worker.herder.answers.status('src').tasks[0]?.state === 'UNASSIGNED');
    expect(worker.herder.answers.status('src').tasks[0]?.trace).toContain('HUB_DISK_FULL');
    expect(worker.herder.answers.taskStatus('src', 0)).toMatchObject({ state: 'UNASSIGNED', id: 0 });
    expect(worker.statuses.task('src', 0)?.state).toBe('RUNNING');
    worker.hub.appendError = null;
    await expect.poll(() => worker.statuses.task('src', 0)?.state, { timeout: 5000 }).toBe('UNASSIGNED');
    expect(worker.statuses.task('src', 0)?.trace).toContain('HUB_DISK_FULL');
    worker.host.task('src').set('RUNNING');
    await until(() => worker.statuses.task('src', 0)?.state === 'RUNNING');
    expect(worker.herder.answers.taskStatus('src', 0)).not.toHaveProperty('trace');
  });

  it('ends on a full disk too, though it cannot say so in the statuses', async () => {
    const worker = await startTestWorker();
    await worker.herder.create('src', source, 'STARTED');
    await worker.herder.create('snk', sink, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING' && state(worker, 'snk').endsWith('RUNNING RUNNING'));
    worker.hub.appendError = new MillraceError('HUB_DISK_FULL', 'the disk is full', { kind: 'full' });
    await worker.herder.close();
    expect(worker.host.running.size).toBe(0);
    expect(worker.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toContain(
      'writing a status failed',
    );
    worker.hub.appendError = null;
    await worker.close();
  });

  it('tells once of settings of Kafka clients that have no effect, and anew where there are others', async () => {
    const told = (worker: TestWorker): unknown[] =>
      worker.lines.filter(({ message }) => message.includes('Kafka clients')).map(({ fields }) => fields['keys']);
    const first = await start();
    const config = { ...source, 'producer.override.max.request.size': '1', 'producer.override.acks': 'all' };
    await first.herder.putConfig('src', config);
    await until(() => state(first, 'src') === 'RUNNING RUNNING');
    await first.herder.patchConfig('src', { file: 'other' });
    await first.herder.settled();
    expect(told(first)).toEqual([['producer.override.max.request.size']]);
    expect(first.lines.find(({ message }) => message.includes('Kafka clients'))).toMatchObject({
      level: 'warn',
      fields: { connector: 'src', reason: expect.stringContaining('the hub is embedded') },
    });
    await first.herder.patchConfig('src', { 'sasl.mechanism': 'PLAIN' });
    await first.herder.settled();
    expect(told(first).at(-1)).toEqual(['producer.override.max.request.size', 'sasl.mechanism']);
    await first.close();
    const second = await start(first.hub);
    await until(() => state(second, 'src') === 'RUNNING RUNNING');
    await second.herder.settled();
    expect(told(second)).toEqual([['producer.override.max.request.size', 'sasl.mechanism']]);
  });

  it('says when a task had to be terminated', async () => {
    const worker = await start();
    worker.host.stopResult = 'terminated';
    await worker.herder.create('src', source, 'STARTED');
    await until(() => state(worker, 'src') === 'RUNNING RUNNING');
    await worker.herder.setTarget('src', 'STOPPED');
    await until(() => state(worker, 'src') === 'STOPPED');
    expect(worker.lines.some(({ message }) => message.includes('terminated'))).toBe(true);
  });
});
