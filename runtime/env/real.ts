import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { Server, Socket } from 'node:net';
import { dirname } from 'node:path';
import { pid } from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { crashAt } from './crash-at.ts';
import type { Clock, Env, FileInPlace, Files, Net, Random, Timer, Timers } from './env.ts';
import { realPath } from './real-path.ts';

const clock: Clock = {
  nowMs: () => Date.now(),
  nowUs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)),
  monotonicMs: () => performance.now(),
};

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}

function after(ms: number, call: () => void): Timer {
  const timer = setTimeout(call, ms);
  timer.unref();
  return { cancel: () => clearTimeout(timer) };
}

function every(ms: number, call: () => void): Timer {
  const timer = setInterval(call, ms);
  timer.unref();
  return { cancel: () => clearInterval(timer) };
}

const timers: Timers = { sleep, after, every, yield: () => setImmediate() };

const random: Random = { next: () => Math.random(), bytes: (count) => randomBytes(count), uuid: () => randomUUID() };

const net: Net = {
  socket: (reads) => new Socket(reads === undefined ? {} : { onread: reads }),
  server: () => new Server(),
};

async function syncDirectory(path: string): Promise<void> {
  const handle = await fs.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and those above it. By hand: the recursive one of node:fs never ends on a file system that answers
 * ENOENT below a folder that is there (/proc), and its thread with it.
 */
async function makeFolders(path: string, mode?: number): Promise<void> {
  const error = await makeFolder(path, mode);
  if (error === null) return;
  if (error.code !== 'ENOENT' || dirname(path) === path) throw error;
  await makeFolders(dirname(path));
  const again = await makeFolder(path, mode);
  if (again !== null) throw again;
}

/** null: it is there, or another was faster. */
async function makeFolder(path: string, mode: number | undefined): Promise<NodeJS.ErrnoException | null> {
  try {
    await fs.mkdir(path, mode);
    return null;
  } catch (error) {
    const there = await fs.stat(path).catch(() => null);
    return there?.isDirectory() === true ? null : (error as NodeJS.ErrnoException);
  }
}

function openInPlace(path: string, flags: 'r' | 'r+'): FileInPlace {
  const file = openSync(path, flags);
  return {
    read: (at, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, at));
    },
    write: (at, bytes) => {
      writeSync(file, bytes, 0, bytes.length, at);
    },
    close: () => closeSync(file),
  };
}

const files: Files = {
  openInPlace,
  open: (path, flags, mode) => fs.open(path, flags, mode),
  readFile: (path) => fs.readFile(path),
  writeFile: (path, data) => fs.writeFile(path, data),
  mkdir: makeFolders,
  chmod: (path, mode) => fs.chmod(path, mode),
  readdir: (path) => fs.readdir(path, { withFileTypes: true }),
  rename: (from, to) => fs.rename(from, to),
  link: (from, to) => fs.link(from, to),
  unlink: (path) => fs.unlink(path),
  rm: (path) => fs.rm(path, { recursive: true, force: true }),
  stat: (path) => fs.stat(path, { bigint: true }),
  realpath: (path) => realPath(fs, path),
  syncDirectory,
  freeBytes: async (path) => {
    const stats = await fs.statfs(path, { bigint: true });
    return Number(stats.bavail * stats.bsize);
  },
};

function killProcess(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal ends all threads, but not before this call has returned.
  for (;;);
}

/** The edges of this process. */
export const realEnv: Env = { clock, timers, random, net, files, pid };

/** For crash tests: these edges, and a crash point (`name[:n]`, as in `MILLRACE_CRASH_AT`) that kills the process. Counted per thread. */
export function crashingEnv(setting: string | undefined): Env {
  const crash = crashAt(setting, killProcess);
  return crash === undefined ? realEnv : { ...realEnv, crash };
}
