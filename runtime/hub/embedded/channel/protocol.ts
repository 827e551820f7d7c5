import type { PackedError } from '../../../record/packed-error.ts';
import type { Acks, TopicConfig, TopicConfigChange, TopicDescription } from '../../port.ts';

/** An offset of a group, with the topic by name. */
export interface WireGroupOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata?: string;
}

export interface GroupOffsets {
  readonly group: string;
  readonly offsets: readonly WireGroupOffset[];
}

export interface FollowFrom {
  /** Number of the partition in the store. */
  readonly partition: number;
  /** Read up to here. */
  readonly offset: number;
  readonly committed: boolean;
}

export type Subscription = { readonly names: readonly string[] } | { readonly pattern: string };

export interface WireAssignment {
  readonly generation: number;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

/** What a client asks, and what it is answered. */
export interface Operations {
  createTopic: {
    ask: { readonly name: string; readonly partitions: number; readonly config: TopicConfig };
    answer: TopicDescription;
  };
  deleteTopic: { ask: { readonly name: string }; answer: null };
  alterTopic: { ask: { readonly name: string; readonly config: TopicConfigChange }; answer: TopicDescription };
  createPartitions: { ask: { readonly name: string; readonly partitions: number }; answer: TopicDescription };
  deleteRecords: {
    ask: { readonly topic: string; readonly partition: number; readonly before: number };
    answer: null;
  };
  initProducer: {
    ask: { readonly transactionalId: string | null; readonly timeoutMs: number };
    answer: { readonly producerId: number; readonly epoch: number };
  };
  closeProducer: { ask: { readonly producerId: number }; answer: null };
  append: {
    ask: {
      readonly producerId: number;
      readonly topic: string;
      readonly partition: number;
      readonly acks: Acks;
      /** Of its transaction: see `Producer.brokenWindow`. */
      readonly window: number;
      /** See `HubProducer.append`. */
      readonly placedIn?: number | undefined;
      readonly batch: Uint8Array;
    };
    answer: { readonly baseOffset: number; readonly logAppendTimeMs: number };
  };
  endTransaction: {
    ask: {
      readonly producerId: number;
      readonly epoch: number;
      readonly window: number;
      readonly outcome: 'commit' | 'abort';
      readonly groups: readonly GroupOffsets[];
    };
    answer: null;
  };
  /** Never answered: the id of the request comes back in `woken`, again and again, until it is cancelled. */
  follow: { ask: { readonly from: readonly FollowFrom[] }; answer: never };
  joinGroup: {
    ask: { readonly group: string; readonly topics: Subscription };
    answer: { readonly member: number };
  };
  assignment: { ask: { readonly member: number; readonly known: number }; answer: WireAssignment };
  acknowledge: { ask: { readonly member: number; readonly generation: number }; answer: null };
  commitOffsets: {
    ask: { readonly member: number; readonly generation: number; readonly offsets: readonly WireGroupOffset[] };
    answer: null;
  };
  leaveGroup: { ask: { readonly member: number }; answer: null };
  alterGroup: {
    ask: {
      readonly group: string;
      readonly offsets: readonly {
        readonly topic: string;
        readonly partition: number;
        readonly offset: number | null;
      }[];
    };
    answer: null;
  };
  deleteGroup: { ask: { readonly group: string }; answer: null };
  activeGroups: { ask: null; answer: readonly { readonly group: string; readonly members: number }[] };
  stats: { ask: null; answer: HubStats };
}

export type Operation = keyof Operations;
export type Ask<O extends Operation> = Operations[O]['ask'];
export type Answer<O extends Operation> = Operations[O]['answer'];

export type Request = { [O in Operation]: { readonly id: number; readonly op: O; readonly ask: Ask<O> } }[Operation];

/** `cancel`: the answer to that `assignment` is not wanted any more, or that `follow` ends. */
export type ClientFrame = readonly (Request | { readonly op: 'cancel'; readonly id: number })[];

export type Response =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: PackedError };

export interface Hello {
  readonly hubId: string;
  readonly path: string;
  /** Watermark, where memory can be shared. */
  readonly shared: SharedArrayBuffer | null;
}

export interface ServerFrame {
  readonly hello?: Hello;
  readonly responses?: readonly Response[];
  /** Ids of `follow` requests of which a partition has advanced. */
  readonly woken?: readonly number[];
  /** Watermark as of this frame. */
  readonly syncedSeq: number;
}

/** What the embedded hub measures of itself. Counters since start. */
export interface HubStats {
  readonly hubId: string;
  readonly bytesOnDisk: number;
  readonly freeBytes: number;
  readonly commits: number;
  readonly commitMs: number;
  readonly lastCommitMs: number;
  readonly appendedBatches: number;
  readonly appendedBytes: number;
  readonly openTransactions: number;
  readonly queuedBytes: number;
  readonly clients: number;
  readonly diskFull: boolean;
  readonly partitions: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly start: number;
    readonly end: number;
    readonly lastStable: number;
    readonly sizeBytes: number;
  }[];
}
