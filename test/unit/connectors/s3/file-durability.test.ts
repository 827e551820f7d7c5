import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connector } from '../../../../connectors/s3/index.ts';
import type { Env } from '../../../../runtime/env/env.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import { finishedFiles } from './archive-folder.ts';
import { sinkRecord, taskStart } from './sink-records.ts';
import { feed } from './topic-reader.ts';

/** The real files, and what of them a power cut may take back: contents and names that are not synced. */
class Disk {
  readonly #contents = new Set<string>();
  readonly #names = new Set<string>();

  readonly env: Env = {
    ...realEnv,
    files: {
      ...realEnv.files,
      open: (path, flags, mode) => this.#open(path, flags, mode),
      mkdir: (path) => this.#mkdir(path),
      link: async (from, to) => {
        await realEnv.files.link(from, to);
        this.#names.add(to);
        // Two names of the same contents.
        if (this.#contents.has(from)) this.#contents.add(to);
      },
      syncDirectory: async (path) => {
        await realEnv.files.syncDirectory(path);
        for (const name of this.#names) if (dirname(name) === path) this.#names.delete(name);
      },
    },
  };

  /** What of a file is not safe: its contents, its name, or a folder above it. */
  unsafe(path: string): string[] {
    const lost = this.#contents.has(path) ? [`contents of ${path}`] : [];
    for (let at = path; dirname(at) !== at; at = dirname(at)) if (this.#names.has(at)) lost.push(`name ${at}`);
    return lost;
  }

  async #open(path: string, flags: string, mode?: number) {
    const handle = await realEnv.files.open(path, flags, mode);
    const sync = handle.sync.bind(handle);
    this.#names.add(path);
    this.#contents.add(path);
    handle.sync = async () => {
      await sync();
      this.#contents.delete(path);
    };
    return handle;
  }

  async #mkdir(path: string): Promise<void> {
    for (let at = path; dirname(at) !== at; at = dirname(at)) {
      if (await realEnv.files.stat(at).catch(() => null)) break;
      this.#names.add(at);
    }
    await realEnv.files.mkdir(path);
  }
}

test('a power cut takes nothing back of what was called durable: neither contents, nor facts, nor names', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
  onTestFinished(() => rm(root, { recursive: true }));
  if (connector.kind !== 'sink') throw new Error('not a sink');
  const disk = new Disk();
  const task = connector.createTask({ 'connector.class': 's3', 'store.url': `file://${root}`, 'flush.size': '3' });
  await task.open(taskStart(disk.env));
  const topic = Array.from({ length: 7 }, (_, n) => sinkRecord({ offset: n, json: `{"n":${n}}` }));
  expect((await feed(task, topic)).durable).toBe(6n);
  const files = [...(await finishedFiles(root)).keys()];
  expect(files).toHaveLength(2);
  for (const name of files) {
    expect(disk.unsafe(join(root, name))).toEqual([]);
    expect(disk.unsafe(join(root, '.millrace/facts', `${name.replace('.', ',')},facts`))).toEqual([]);
  }
  await task.close();
});
