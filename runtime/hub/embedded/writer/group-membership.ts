import { RE2JS } from 're2js';
import { groupFenced } from '../errors.ts';
import type { Subscription, WireAssignment, WireGroupOffset } from '../channel/protocol.ts';
import { assignRanges, type Owned } from './range-assignment.ts';

interface Member {
  readonly id: number;
  readonly group: Group;
  readonly client: object;
  readonly wanted: (topic: string) => boolean;
  /** What it may work on. */
  assignment: WireAssignment;
  /** What it may still be working on: nobody else gets it before the member has given it up. */
  owned: Map<string, Owned>;
  acknowledged: number;
  waiting: {
    readonly id: number;
    readonly known: number;
    readonly answer: (assignment: WireAssignment) => void;
  } | null;
}

interface Group {
  readonly name: string;
  generation: number;
  readonly members: Map<number, Member>;
}

const nameOf = (of: Owned): string => `${of.topic}-${of.partition}`;

/**
 * Membership of the clients of this process. Rebalancing is cooperative: a partition moves in two
 * steps, the old member acknowledges a generation without it, then the new member gets it, so no
 * partition has two owners (I4). A member whose thread is gone leaves by that.
 */
export class GroupMembership {
  readonly #groups = new Map<string, Group>();
  readonly #members = new Map<number, Member>();
  readonly #topics: () => ReadonlyMap<string, number>;
  #nextMember = 1;

  constructor(topics: () => ReadonlyMap<string, number>) {
    this.#topics = topics;
  }

  join(client: object, group: string, topics: Subscription): number {
    const of = this.#groups.get(group) ?? { name: group, generation: 0, members: new Map<number, Member>() };
    this.#groups.set(group, of);
    const member: Member = {
      id: this.#nextMember++,
      group: of,
      client,
      wanted: wanted(topics),
      assignment: { generation: 0, partitions: [] },
      owned: new Map(),
      acknowledged: 0,
      waiting: null,
    };
    of.members.set(member.id, member);
    this.#members.set(member.id, member);
    this.#rebalance(of);
    return member.id;
  }

  /** Calls `answer` once, as soon as the assignment is not that of generation `known`. */
  assignment(id: number, request: number, known: number, answer: (assignment: WireAssignment) => void): void {
    const member = this.#member(id);
    if (member.assignment.generation !== known) answer(member.assignment);
    else member.waiting = { id: request, known, answer };
  }

  cancel(client: object, request: number): void {
    for (const member of this.#members.values()) {
      if (member.client === client && member.waiting?.id === request) member.waiting = null;
    }
  }

  acknowledge(id: number, generation: number): void {
    const member = this.#member(id);
    if (generation !== member.assignment.generation) return;
    member.acknowledged = generation;
    const kept = new Map(member.assignment.partitions.map((of) => [nameOf(of), of]));
    const freed = [...member.owned.keys()].some((name) => !kept.has(name));
    member.owned = kept;
    if (freed) this.#rebalance(member.group);
  }

  /** The group whose offsets this member may set: `HUB_GROUP_FENCED`. */
  checkCommit(id: number, generation: number, offsets: readonly WireGroupOffset[]): string {
    const member = this.#member(id);
    const group = member.group.name;
    if (generation < member.acknowledged) {
      throw groupFenced(group, `generation ${generation} is over, ${member.acknowledged} was acknowledged`);
    }
    const foreign = offsets.find((of) => !member.owned.has(nameOf(of)));
    if (foreign !== undefined) throw groupFenced(group, `${nameOf(foreign)} is not assigned to this member`);
    return group;
  }

  leave(id: number): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    member.group.members.delete(id);
    if (member.group.members.size === 0) this.#groups.delete(member.group.name);
    else this.#rebalance(member.group);
  }

  removeClient(client: object): void {
    for (const member of this.#members.values()) if (member.client === client) this.leave(member.id);
  }

  topicsChanged(): void {
    for (const group of this.#groups.values()) this.#rebalance(group);
  }

  members(group: string): number {
    return this.#groups.get(group)?.members.size ?? 0;
  }

  active(): { readonly group: string; readonly members: number }[] {
    return [...this.#groups.values()].map(({ name, members }) => ({ group: name, members: members.size }));
  }

  #member(id: number): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw groupFenced('?', `member ${id} has left`);
    return member;
  }

  #rebalance(group: Group): void {
    const topics = this.#topics();
    const names = [...topics.keys()];
    const consumers = [...group.members.values()].map((member) => ({
      member: member.id,
      topics: new Set(names.filter(member.wanted)),
    }));
    const targets = assignRanges(consumers, topics);
    const owners = new Map<string, number>();
    for (const member of group.members.values()) for (const name of member.owned.keys()) owners.set(name, member.id);
    // I4: what another member still owns is not given yet.
    const next = new Map<Member, Owned[]>();
    for (const member of group.members.values()) {
      const free = (of: Owned): boolean => (owners.get(nameOf(of)) ?? member.id) === member.id;
      next.set(member, (targets.get(member.id) ?? []).filter(free));
    }
    const changed = [...next].filter(([member, partitions]) => differs(member, partitions));
    if (changed.length === 0) return;
    group.generation++;
    for (const [member, partitions] of changed) this.#assign(member, { generation: group.generation, partitions });
  }

  #assign(member: Member, assignment: WireAssignment): void {
    member.assignment = assignment;
    for (const of of assignment.partitions) member.owned.set(nameOf(of), of);
    const { waiting } = member;
    if (waiting === null || waiting.known === assignment.generation) return;
    member.waiting = null;
    waiting.answer(assignment);
  }
}

/** Also true for a member that has had no assignment at all: it is told of an empty one. */
function differs(member: Member, partitions: readonly Owned[]): boolean {
  const { generation, partitions: before } = member.assignment;
  if (generation === 0 || before.length !== partitions.length) return true;
  const names = new Set(before.map(nameOf));
  return partitions.some((of) => !names.has(nameOf(of)));
}

function wanted(topics: Subscription): (topic: string) => boolean {
  if ('names' in topics) {
    const names = new Set(topics.names);
    return (topic) => names.has(topic);
  }
  const pattern = RE2JS.compile(topics.pattern);
  return (topic) => pattern.matcher(topic).matches();
}
