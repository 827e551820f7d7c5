import { Gate } from '../gate.ts';

/**
 * Bytes under way between a task's two sides, with a bound (I7). What is under way already may pass
 * the bound by the batch that was being taken; nothing new is taken until there is room again.
 */
export class ByteBudget {
  readonly #limitBytes: number;
  readonly #room: Gate;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
    this.#room = new Gate(limitBytes <= 0);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get hasRoom(): boolean {
    return this.#usedBytes < this.#limitBytes;
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
    if (!this.hasRoom) this.#room.shut();
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
    if (this.hasRoom) this.#room.open();
  }

  /** Resolves when there is room; rejects with the signal's reason when it aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.#room.pass(signal);
  }
}
