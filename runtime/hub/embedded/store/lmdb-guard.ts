import * as lmdb from 'lmdb';

/** Flags of `mdb_env_open`, lmdb.h. */
const MDB_NOSUBDIR = 0x4000;
const MDB_RDONLY = 0x20000;
const KEY_BYTES = 4096;
const TRIES = 200;
const WAIT_MS = 5;

export interface EnvironmentOptions {
  readonly path: string;
  readonly maxDbs: number;
  readonly maxReaders: number;
  readonly mapSize: number;
  readonly readOnly: boolean;
  /** Of files that are made. */
  readonly permissionsMode: number;
}

/** What `lmdb` exports beside its types: its binding. */
interface Binding {
  readonly nativeAddon: {
    readonly Env: new () => Environment;
    readonly Txn: new (env: Environment, flags: number) => { abort(): void };
  };
}

interface Environment {
  open(options: object, flags: number, jsFlags: number): void;
  close(): void;
}

/**
 * Opens the environment of a data file and keeps it open until the answer is called, so that what
 * opens it again meanwhile in this process shares one that is known to work.
 *
 * Why: the last process to close an LMDB environment destroys the mutexes in its lock file
 * (`mdb_env_close_active`), and one that opens it at that very instant is left with destroyed ones:
 * every transaction then fails with EINVAL, for every process, until that environment is closed
 * again. `lmdb.open` fails so with no way to close what it opened; this does, and tries again.
 */
export function guardEnvironment(options: EnvironmentOptions): () => void {
  for (let tried = 1; ; tried++) {
    try {
      return openOnce(options);
    } catch (error) {
      if (tried === TRIES || !isDestroyed(error)) throw error;
      pause(WAIT_MS);
    }
  }
}

function openOnce(options: EnvironmentOptions): () => void {
  const { nativeAddon } = lmdb as unknown as Binding;
  const env = new nativeAddon.Env();
  const flags = MDB_NOSUBDIR | (options.readOnly ? MDB_RDONLY : 0);
  env.open({ ...options, keyBytes: Buffer.allocUnsafeSlow(KEY_BYTES) }, flags, 0);
  try {
    new nativeAddon.Txn(env, MDB_RDONLY).abort();
  } catch (error) {
    env.close();
    throw error;
  }
  return () => env.close();
}

function isDestroyed(error: unknown): boolean {
  return error instanceof Error && /Invalid argument/.test(error.message);
}

/** Opening and reading are synchronous, and so is this wait of some milliseconds. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
