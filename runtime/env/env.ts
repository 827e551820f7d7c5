import type { FileHandle } from 'node:fs/promises';
import type { BigIntStats, Dirent } from 'node:fs';
import type { OnReadOpts, Server, Socket } from 'node:net';

/**
 * The edges of the process: everything that differs between a real run and a simulated one. Handed
 * in at the top (D15); runtime and connectors reach clock, timers, randomness, network and files
 * through it only.
 */
export interface Env {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly net: Net;
  readonly files: Files;
  /** Of this process. */
  readonly pid: number;
  /**
   * A named place where a crash test may kill the process; absent in a normal run. Call it as
   * `env.crash?.('source.after_append')`: it costs a test for undefined.
   */
  readonly crash?: (point: string) => void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01T00:00Z. For timestamps, never for durations. */
  nowMs(): number;
  /** Wall clock, microseconds since 1970-01-01T00:00Z. */
  nowUs(): bigint;
  /** Milliseconds on a clock that never goes back. For durations and deadlines. */
  monotonicMs(): number;
}

export interface Timer {
  /** Idempotent. */
  cancel(): void;
}

export interface Timers {
  /** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls once after `ms`. The process does not stay alive for it. */
  after(ms: number, call: () => void): Timer;
  /** Calls every `ms` until cancelled. The process does not stay alive for it. */
  every(ms: number, call: () => void): Timer;
  /** Lets pending I/O run, then goes on. */
  yield(): Promise<void>;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Cryptographically strong. */
  bytes(count: number): Buffer;
  uuid(): string;
}

export interface Net {
  /** A TCP or Unix-domain socket that is not connected yet. `reads`: who gets its bytes instead of `data` events. */
  socket(reads?: OnReadOpts): Socket;
  /** A server that is not listening yet. */
  server(): Server;
}

/** A file whose bytes are read and patched in place, at once: where no other turn may come between. */
export interface FileInPlace {
  /** Shorter where the file ends earlier. */
  read(at: number, length: number): Buffer;
  write(at: number, bytes: Uint8Array): void;
  close(): void;
}

/** The file operations that connectors and stores use; semantics and errors are node:fs/promises'. */
export interface Files {
  /** Of a file that is there. Flags `r` and `r+`. */
  openInPlace(path: string, flags: 'r' | 'r+'): FileInPlace;
  open(path: string, flags: string, mode?: number): Promise<FileHandle>;
  readFile(path: string): Promise<Buffer>;
  writeFile(path: string, data: Uint8Array | string): Promise<void>;
  /** And those above it; none that is there is an error. `mode`: of the folder itself, where it is made. */
  mkdir(path: string, mode?: number): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  readdir(path: string): Promise<Dirent[]>;
  rename(from: string, to: string): Promise<void>;
  /** Fails with EEXIST where `to` exists. */
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rm(path: string): Promise<void>;
  stat(path: string): Promise<BigIntStats>;
  /**
   * The absolute path without symbolic links, as the system would go it. Of what does not exist the name stays,
   * behind the links before it; a link to what does not exist leads where it would be made.
   */
  realpath(path: string): Promise<string>;
  /** Syncs a directory, so that the names in it survive a power cut. */
  syncDirectory(path: string): Promise<void>;
  /** Bytes free for this process on the file system that holds `path`. */
  freeBytes(path: string): Promise<number>;
}
