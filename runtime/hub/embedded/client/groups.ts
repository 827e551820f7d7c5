import type { TopicPartition } from '../../../record/record.ts';
import type { Assignment, GroupDescription, GroupMember, GroupOffset, HubGroups } from '../../port.ts';
import type { Connection } from './connection.ts';
import type { ClientParts } from './embedded-hub.ts';
import { readGroupOffsets, storedGroups } from '../store/group-offsets.ts';
import type { Subscription } from '../channel/protocol.ts';

/** Consumer groups: membership and changes by the writer, committed offsets from the store. */
export class EmbeddedGroups implements HubGroups {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  get #writer(): Connection {
    return this.#parts.link.writing();
  }

  async join(group: string, topics: Subscription): Promise<GroupMember> {
    const connection = this.#writer;
    const { member } = await connection.ask('joinGroup', { group, topics });
    return new EmbeddedMember(connection, member);
  }

  async offsets(group: string): Promise<readonly GroupOffset[]> {
    const { store } = this.#parts;
    return store.read(() =>
      readGroupOffsets(store, group).map(({ topic, partition, offset, metadata }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        ...(metadata ? { metadata } : {}),
      })),
    );
  }

  async alter(group: string, offsets: readonly (TopicPartition & { readonly offset: bigint | null })[]): Promise<void> {
    const wire = offsets.map((of) => ({ ...of, offset: of.offset === null ? null : Number(of.offset) }));
    await this.#writer.ask('alterGroup', { group, offsets: wire });
  }

  async list(): Promise<readonly GroupDescription[]> {
    const { store, link } = this.#parts;
    const active = (await link.connection?.ask('activeGroups', null)) ?? [];
    const members = new Map(active.map(({ group, members }) => [group, members]));
    for (const group of store.read(() => storedGroups(store))) if (!members.has(group)) members.set(group, 0);
    return [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, members]) => ({ group, members }));
  }

  async delete(group: string): Promise<void> {
    await this.#writer.ask('deleteGroup', { group });
  }
}

class EmbeddedMember implements GroupMember {
  readonly #connection: Connection;
  readonly #member: number;

  constructor(connection: Connection, member: number) {
    this.#connection = connection;
    this.#member = member;
  }

  assignment(knownGeneration: number, signal: AbortSignal): Promise<Assignment> {
    return this.#connection.askUntil('assignment', { member: this.#member, known: knownGeneration }, signal);
  }

  async acknowledge(generation: number): Promise<void> {
    await this.#connection.ask('acknowledge', { member: this.#member, generation });
  }

  async commit(generation: number, offsets: readonly GroupOffset[]): Promise<void> {
    const wire = offsets.map((of) => ({ ...of, offset: Number(of.offset) }));
    await this.#connection.ask('commitOffsets', { member: this.#member, generation, offsets: wire });
  }

  async leave(): Promise<void> {
    if (!this.#connection.closed) await this.#connection.ask('leaveGroup', { member: this.#member });
  }
}
