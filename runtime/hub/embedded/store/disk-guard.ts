import type { Env, Timer } from '../../../env/env.ts';
import { diskFull } from '../errors.ts';
import { DATA_FILE } from './store.ts';

const REFRESH_MS = 1000;
const RETRY_MS = 100;
const NEARLY_FULL_BYTES = 16 * 1024 * 1024;
const REFRESH_BYTES = 32 * 1024 * 1024;
/** A batch that may go into what is kept for reserved topics: a status with its trace, a configuration. */
const RESERVED_BATCH_BYTES = 64 * 1024;

/**
 * Keeps the last bytes of the disk for what must go on when it is full: markers, offsets, deletions.
 * Free space is looked up beside the writing, never before an append.
 */
export class DiskGuard {
  readonly #env: Env;
  readonly #path: string;
  readonly #minFreeBytes: number;
  readonly #reserved: ReadonlySet<string>;
  #freeBytes = Number.POSITIVE_INFINITY;
  /** Size of the data file as last looked up; pages freed in it are used again. */
  fileBytes = 0;
  #writtenBytes = 0;
  /** What the last append would have needed to be taken; 0 where it was. */
  #shortBytes = 0;
  #lookedAtMs = 0;
  #looking = false;
  /** While full: looks on, so that the first append after the disk was freed is taken. */
  #watch: Timer | null = null;
  #closed = false;

  /** `reserved`: topics whose small batches are taken as long as a commit still fits. */
  constructor(env: Env, path: string, minFreeBytes: number, reserved: readonly string[] = []) {
    this.#reserved = new Set(reserved);
    this.#env = env;
    this.#path = path;
    this.#minFreeBytes = minFreeBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Less is left, by the last look and what was written since, than a commit may take. */
  get nearlyFull(): boolean {
    return this.#freeBytes - this.#writtenBytes < NEARLY_FULL_BYTES;
  }

  /** True since an append was refused, until one is taken or there is space again. */
  get full(): boolean {
    return this.#shortBytes > this.#freeBytes - this.#writtenBytes;
  }

  /** Throws `HUB_DISK_FULL` where appending `bytes` would leave less than the minimum. */
  take(bytes: number, topic = ''): void {
    if (this.#takeReserved(bytes, topic)) return;
    const left = this.#freeBytes - this.#writtenBytes - bytes;
    const short = left < this.#minFreeBytes;
    const now = this.#env.clock.monotonicMs();
    const age = now - this.#lookedAtMs;
    const trusted = Math.min(REFRESH_BYTES, Math.max(bytes, (this.#freeBytes - this.#minFreeBytes) / 4));
    if (age > (short ? RETRY_MS : REFRESH_MS) || this.#writtenBytes > trusted) void this.look();
    this.#shortBytes = short ? this.#minFreeBytes + bytes : 0;
    if (short) {
      this.#watchOn();
      const free = Math.max(0, Math.floor(this.#freeBytes - this.#writtenBytes));
      throw diskFull(this.#path, `${free} bytes free, ${this.#minFreeBytes} are kept for reading on and cleaning up`);
    }
    this.#writtenBytes += bytes;
  }

  /** What says how things stand, and what changes it, goes on while records have to wait. */
  #takeReserved(bytes: number, topic: string): boolean {
    if (bytes > RESERVED_BATCH_BYTES || !this.#reserved.has(topic)) return false;
    const left = this.#freeBytes - this.#writtenBytes - bytes;
    if (left < Math.min(this.#minFreeBytes, NEARLY_FULL_BYTES)) return false;
    if (this.#env.clock.monotonicMs() - this.#lookedAtMs > REFRESH_MS) void this.look();
    this.#writtenBytes += bytes;
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#watchOff();
  }

  #watchOn(): void {
    if (!this.#closed) this.#watch ??= this.#env.timers.every(REFRESH_MS, () => void this.look());
  }

  #watchOff(): void {
    this.#watch?.cancel();
    this.#watch = null;
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const before = this.#writtenBytes;
    try {
      this.#freeBytes = await this.#env.files.freeBytes(this.#path);
      this.#writtenBytes -= before;
      this.fileBytes = Number((await this.#env.files.stat(`${this.#path}/${DATA_FILE}`)).size);
    } catch {
      // A file system that does not say: its own errors have to do.
      this.#freeBytes = Number.POSITIVE_INFINITY;
    } finally {
      this.#lookedAtMs = this.#env.clock.monotonicMs();
      this.#looking = false;
      if (!this.full) this.#watchOff();
    }
  }
}
