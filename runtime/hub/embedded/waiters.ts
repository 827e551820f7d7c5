import type { Partition } from './partition.ts';
import type { WaitFor } from './protocol.ts';

interface Waiter {
  readonly client: object;
  readonly id: number;
  readonly on: readonly WaitFor[];
  readonly wake: () => void;
}

/** Readers that have caught up. Each is woken once, by the first of its partitions that has more. */
export class Waiters {
  readonly #byPartition = new Map<number, Set<Waiter>>();
  readonly #byClient = new Map<object, Map<number, Waiter>>();

  /** Returns false, and keeps nothing, where there is something to read already. */
  add(
    client: object,
    id: number,
    on: readonly WaitFor[],
    partition: (id: number) => Partition | undefined,
    wake: () => void,
  ): boolean {
    for (const { partition: number, offset, committed } of on) {
      const held = partition(number);
      // A deleted partition has news too.
      if (held === undefined || held.readable(committed) > offset) return false;
    }
    const waiter = { client, id, on, wake };
    for (const { partition: number } of on) {
      const waiting = this.#byPartition.get(number);
      if (waiting === undefined) this.#byPartition.set(number, new Set([waiter]));
      else waiting.add(waiter);
    }
    const own = this.#byClient.get(client);
    if (own === undefined) this.#byClient.set(client, new Map([[id, waiter]]));
    else own.set(id, waiter);
    return true;
  }

  cancel(client: object, id: number): void {
    const waiter = this.#byClient.get(client)?.get(id);
    if (waiter !== undefined) this.#remove(waiter);
  }

  removeClient(client: object): void {
    for (const waiter of this.#byClient.get(client)?.values() ?? []) this.#remove(waiter);
    this.#byClient.delete(client);
  }

  /** A partition has more to read, or is gone. */
  advanced(partition: Partition): void {
    for (const waiter of this.#byPartition.get(partition.id) ?? []) {
      const ready = waiter.on.some(
        (on) => on.partition === partition.id && (partition.deleted || partition.readable(on.committed) > on.offset),
      );
      if (!ready) continue;
      this.#remove(waiter);
      waiter.wake();
    }
  }

  #remove(waiter: Waiter): void {
    for (const { partition } of waiter.on) {
      const waiting = this.#byPartition.get(partition);
      waiting?.delete(waiter);
      if (waiting?.size === 0) this.#byPartition.delete(partition);
    }
    this.#byClient.get(waiter.client)?.delete(waiter.id);
  }
}
