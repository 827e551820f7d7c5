import { describe, expect, it, onTestFinished } from 'vitest';
import { realEnv as env } from '../../../../../runtime/env/real.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import { CommitLoop, type Work } from '../../../../../runtime/hub/embedded/writer/commit-loop.ts';
import { Store } from '../../../../../runtime/hub/embedded/store/store.ts';
import { scratch } from '../harness.ts';

async function loop() {
  const store = new Store(await scratch());
  const log: string[] = [];
  const commits = new CommitLoop(store, env, 0, {
    flush: () => log.push('flush'),
    nearlyFull: () => false,
    synced: (commit) => log.push(`synced ${commit.seq}`),
    unsynced: (commit) => log.push(`unsynced ${commit.seq}`),
    lost: (error) => log.push(`lost: ${error.code}`),
  });
  onTestFinished(() => {
    commits.close();
    return store.close();
  });
  const work = (name: string, change: Partial<Work> = {}): Work => ({
    bytes: 10,
    durable: true,
    run: () => log.push(`run ${name}`),
    done: () => log.push(`done ${name}`),
    failed: (error) => log.push(`failed ${name}: ${error.code}`),
    ...change,
  });
  return { store, commits, log, work };
}

function refuse(): never {
  throw new MillraceError('HUB_TEST', 'no', { kind: 'conflict' });
}

function broken(): never {
  throw new Error('MDB_MAP_FULL');
}

describe('group commit', () => {
  it('runs what comes together in one commit and answers after the sync', async () => {
    const { commits, log, work } = await loop();
    const lane = commits.addLane();
    commits.submit(lane, work('a'));
    commits.submit(lane, work('b'));
    await commits.run(commits.addLane(), () => log.push('run c'));
    expect(log).toEqual(['run a', 'run b', 'run c', 'flush', 'synced 1', 'done a', 'done b']);
  });

  it('refuses one work alone when it has changed nothing', async () => {
    const { commits, log, work } = await loop();
    const lane = commits.addLane();
    commits.submit(lane, work('a', { run: refuse }));
    await commits.run(lane, () => log.push('run b'));
    expect(log).toEqual(['run b', 'flush', 'synced 1', 'failed a: HUB_TEST']);
  });

  it('writes nothing once the store no longer holds what was committed last', async () => {
    const { store, commits, log, work } = await loop();
    const lane = commits.addLane();
    for (const name of ['a', 'b']) await commits.run(lane, () => log.push(`run ${name}`));
    // What LMDB does when its lock file is begun anew under the writer: it goes back by a commit.
    store.commit(true, () => store.putSeq(1));
    log.length = 0;
    commits.submit(lane, work('c'));
    await expect(commits.run(lane, () => log.push('run d'))).rejects.toMatchObject({ code: 'HUB_COMMIT_LOST' });
    expect(log).toEqual(['lost: HUB_COMMIT_LOST', 'failed c: HUB_COMMIT_LOST']);
    expect(store.read(() => store.seq())).toBe(1);
    store.commit(true, () => store.putSeq(2));
  });

  it('takes everything back when the store refuses the commit', async () => {
    const { store, commits, log, work } = await loop();
    const lane = commits.addLane();
    let changed = 0;
    const change: Work['run'] = (commit) => {
      changed++;
      commit.onRollback(() => changed--);
      void store.state.put(Buffer.from('k'), Buffer.from('v'));
    };
    commits.submit(lane, work('a', { run: change }));
    await expect(commits.run(lane, broken)).rejects.toMatchObject({ code: 'HUB_DISK_FULL' });
    expect(log).toEqual(['failed a: HUB_DISK_FULL']);
    expect(changed).toBe(0);
    expect(store.read(() => store.state.get(Buffer.from('k')))).toBeUndefined();
    await commits.run(lane, change);
    expect(changed).toBe(1);
    expect(commits.seq).toBe(1);
  });

  it('answers work that needs no sync before it is synced, and syncs soon after', async () => {
    const { commits, log, work } = await loop();
    const synced = new Promise<void>((resolve) => {
      const lane = commits.addLane();
      commits.submit(lane, work('a', { durable: false, done: () => (log.push('done a'), resolve()) }));
    });
    await synced;
    expect(log).toEqual(['run a', 'flush', 'unsynced 1', 'done a']);
    await commits.run(commits.addLane(), () => null);
    expect(log.some((line) => line.startsWith('synced'))).toBe(true);
  });

  it('gives every lane its share of a commit', async () => {
    const { commits, log, work } = await loop();
    const bulk = commits.addLane();
    for (let i = 0; i < 12; i++) commits.submit(bulk, work(`bulk ${i}`, { bytes: 1024 * 1024 }));
    await commits.run(commits.addLane(), () => log.push('run small'));
    const before = log.indexOf('run small');
    expect(before).toBeGreaterThan(-1);
    expect(log.slice(0, before).filter((line) => line.startsWith('run bulk')).length).toBeLessThan(4);
  });

  it('refuses work after its end', async () => {
    const { commits } = await loop();
    commits.close();
    await expect(commits.run(commits.addLane(), () => null)).rejects.toMatchObject({ code: 'HUB_CLOSED' });
  });
});
