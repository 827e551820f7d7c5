import type { Partition } from './partition.ts';
import type { FollowFrom } from '../channel/protocol.ts';

interface Follower {
  readonly client: object;
  readonly id: number;
  /** By partition, how far the follower has been told of, in its isolation. */
  readonly told: Map<number, { readonly committed: boolean; offset: number }>;
  readonly wake: () => void;
}

/**
 * Readers that want to be told when their partitions advance, every time until they stop: a reader
 * at the end of a busy log costs one message a commit, and none to ask for it.
 */
export class Followers {
  readonly #byPartition = new Map<number, Set<Follower>>();
  readonly #byClient = new Map<object, Map<number, Follower>>();

  /** Wakes at once where there is more than `from` says already. */
  add(
    client: object,
    id: number,
    from: readonly FollowFrom[],
    partition: (id: number) => Partition | undefined,
    wake: () => void,
  ): void {
    const told = new Map(from.map((of) => [of.partition, { committed: of.committed, offset: of.offset }]));
    const follower: Follower = { client, id, told, wake };
    let behind = false;
    for (const [number, at] of told) {
      const held = partition(number);
      const readable = held?.readable(at.committed) ?? Number.POSITIVE_INFINITY;
      if (readable > at.offset) behind = true;
      at.offset = readable;
      const following = this.#byPartition.get(number);
      if (following === undefined) this.#byPartition.set(number, new Set([follower]));
      else following.add(follower);
    }
    const own = this.#byClient.get(client);
    if (own === undefined) this.#byClient.set(client, new Map([[id, follower]]));
    else own.set(id, follower);
    if (behind) wake();
  }

  stop(client: object, id: number): void {
    const own = this.#byClient.get(client);
    const follower = own?.get(id);
    if (follower === undefined) return;
    own?.delete(id);
    this.#forget(follower);
  }

  removeClient(client: object): void {
    for (const follower of this.#byClient.get(client)?.values() ?? []) this.#forget(follower);
    this.#byClient.delete(client);
  }

  /** A partition has more to read, or is gone. */
  advanced(partition: Partition): void {
    for (const follower of this.#byPartition.get(partition.id) ?? []) {
      const told = follower.told.get(partition.id);
      if (told === undefined) continue;
      const readable = partition.readable(told.committed);
      if (readable <= told.offset && !partition.deleted) continue;
      told.offset = readable;
      follower.wake();
    }
    if (partition.deleted) this.#byPartition.delete(partition.id);
  }

  #forget(follower: Follower): void {
    for (const number of follower.told.keys()) {
      const following = this.#byPartition.get(number);
      following?.delete(follower);
      if (following?.size === 0) this.#byPartition.delete(number);
    }
  }
}
