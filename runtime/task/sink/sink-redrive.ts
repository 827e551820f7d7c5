import type { Assigned, RedrivenRecord, SinkRecord, SinkRejection, SinkTask } from '../../connector/sink.ts';
import type { Hub } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../record/record.ts';
import { isOpen, type Mark, type RedriveStore } from '../../store/redrives.ts';
import { standing, type Standing } from '../error/dead-letter-facts.ts';
import { deadLetters, records, wholeLog, type StoredDeadLetter } from '../redrive/dead-letter-log.ts';
import { Redriver, type Delivered, type Redriven } from '../redrive/redriver.ts';
import { Undelivered } from '../redrive/undelivered.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import { booleanSetting } from '../task-settings.ts';
import type { RecordDecoder } from './record-decoder.ts';
import { RedrivenSinkRecord } from './redriven-record.ts';
import type { SinkPositions } from './sink-positions.ts';
import type { HubSinkRecord } from './sink-record.ts';
import type { SinkRejects } from './sink-rejects.ts';
import type { SinkTransforms, UntransformedRejection } from './sink-transforms.ts';
import { TransformedSinkRecord } from './transformed-record.ts';

const BLOCK_KEY = 'millrace.errors.block.key';

export interface SinkRedriveParts {
  readonly context: TaskRunContext;
  readonly task: SinkTask;
  readonly className: string;
  readonly transforms: SinkTransforms | null;
  readonly decoder: RecordDecoder;
  readonly positions: SinkPositions;
  readonly rejects: SinkRejects;
}

/** Dead letters on their way back into a sink, and keys that its dead letters hold back. */
export class SinkRedrive {
  readonly #parts: SinkRedriveParts;
  readonly #store: RedriveStore;
  readonly #topic: string;
  readonly #redriver: Redriver;
  readonly #blocks: boolean;
  readonly #unwatch: () => void;
  #undelivered: Undelivered | null = null;
  /** Offsets that are not to be read again, by partition. */
  readonly #known = new Map<string, Set<bigint>>();

  private constructor(parts: SinkRedriveParts, store: RedriveStore, topic: string, wake: () => void) {
    const { context, positions, task, className, rejects } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#topic = topic;
    this.#blocks = booleanSetting({ config: context.spec.config, worker: {} }, BLOCK_KEY, false);
    this.#redriver = new Redriver({
      context,
      store,
      owns: ({ facts: { topic: of, partition } }) =>
        of !== undefined && partition !== undefined && positions.has({ topic: of, partition }),
      deliver: (letters, force) => this.#deliver(letters, force),
      discarded: (letters) => this.#discarded(letters),
      refusal: task.redrive === undefined ? `${className} cannot be given a record again after later ones` : null,
    });
    rejects.onDead = ({ topic: of, partition, offset, rawKey }) =>
      this.#undelivered?.add({ topic: of, partition }, offset, rawKey);
    this.#unwatch = store.watch((connector) => {
      if (connector === context.spec.connector && this.#redriver.pending) wake();
    });
  }

  /** null: the connector keeps no dead letters. */
  static async open(parts: SinkRedriveParts, wake: () => void): Promise<SinkRedrive | null> {
    const { policy } = parts.rejects;
    if (policy.kind === 'stop') return null;
    return new SinkRedrive(parts, await parts.context.redrives(), policy.topic, wake);
  }

  get pending(): boolean {
    return this.#redriver.pending;
  }

  /** To be called between batches, everything that was given to the task flushed. */
  step(): Promise<void> {
    return this.#redriver.step();
  }

  /** Partitions came or went. */
  async reassigned(added: readonly Assigned[]): Promise<void> {
    this.#redriver.reassigned();
    await this.#know(added);
    this.#undelivered = this.#blocks ? await this.#read() : null;
  }

  async close(): Promise<void> {
    this.#unwatch();
    await this.#redriver.close();
  }

  /**
   * The records without those that are open dead letters: when offsets went back (a crash, a mended
   * configuration), only a redrive brings these again, so that they are not delivered twice.
   */
  unknown(originals: readonly HubSinkRecord[]): readonly HubSinkRecord[] {
    if (this.#known.size === 0) return originals;
    const fresh = originals.filter(
      (record) => this.#known.get(topicPartitionName(record))?.has(record.offset) !== true,
    );
    return fresh.length === originals.length ? originals : fresh;
  }

  /** Notes the dead letters that lie where the partitions are read on and stay aside. */
  async #know(added: readonly Assigned[]): Promise<void> {
    if (added.length === 0) return;
    const { hub, spec, stop } = this.#parts.context;
    const starts = new Map(added.map(({ partition, offset }) => [topicPartitionName(partition), offset]));
    for (const name of starts.keys()) this.#known.delete(name);
    await this.#store.readToEnd();
    for await (const letter of deadLetters(hub, this.#topic, spec.connector, await wholeLog(hub, this.#topic), stop)) {
      const at = this.#standing(letter);
      if (at === null) continue;
      const name = topicPartitionName(at);
      const start = starts.get(name);
      if (start === undefined || at.offset < start) continue;
      if (!staysAside(this.#store.mark(letter), start)) continue;
      const offsets = this.#known.get(name) ?? new Set<bigint>();
      this.#known.set(name, offsets.add(at.offset));
    }
  }

  /** How many of the records may be given to the task at once: with blocked keys no key twice. */
  together(from: readonly HubSinkRecord[], at: number): number {
    if (!this.#blocks) return from.length - at;
    const seen = new Set<string>();
    for (let i = at; i < from.length; i++) {
      const { topic, partition, rawKey } = from[i] as HubSinkRecord;
      if (rawKey === null) continue;
      const name = `${topic}-${partition} ${rawKey.toString('latin1')}`;
      if (seen.has(name)) return i - at;
      seen.add(name);
    }
    return from.length - at;
  }

  /** Records of a key that has an open dead letter: they become dead letters too, in their order (I4). */
  held(originals: readonly HubSinkRecord[]): readonly UntransformedRejection[] {
    const undelivered = this.#blocks ? this.#undelivered : null;
    if (undelivered?.blocksAny !== true) return [];
    return originals
      .filter((record) => undelivered.blocks(record, record.rawKey))
      .map((record) => ({ record, error: blocked(), stage: 'BLOCKED', className: BLOCK_KEY }));
  }

  async #deliver(letters: readonly StoredDeadLetter[], force: boolean): Promise<Delivered> {
    const { task, transforms, rejects, context, decoder, positions } = this.#parts;
    await context.schemas.load();
    const originals = letters.map((letter) => new RedrivenSinkRecord(letter, decoder));
    const superseded = force ? new Map<RedrivenSinkRecord, string>() : await this.#superseded(originals);
    const current = originals.filter((record) => !superseded.has(record));
    const { records: out, rejected } = transforms?.apply(current) ?? { records: current, rejected: [] };
    const result = out.length === 0 ? {} : await task.redrive?.(out.map(attempt), context.kill);
    context.env.crash?.('redrive.after_write');
    const failed = new Map<SinkRecord, SinkRejection | UntransformedRejection>();
    for (const one of [...rejected, ...(result?.rejected ?? [])]) failed.set(originalOf(one.record), one);
    for (const record of current) {
      if (!failed.has(record) && this.#standing(record.letter) !== null)
        this.#undelivered?.redriven(record, record.offset);
    }
    const outcomes = originals.map((record): Redriven => {
      const newer = superseded.get(record);
      const isClosed = newer !== undefined && this.#standing(record.letter) !== null;
      if (isClosed && !this.#undelivered?.wasRedriven(record, record.offset))
        this.#undelivered?.closed(record, record.offset, record.rawKey);
      if (newer !== undefined) return { letter: record.letter, outcome: 'superseded', note: newer };
      const failure = failed.get(record);
      const stood = String(positions.committedOf(record) ?? 0n);
      if (failure === undefined) return { letter: record.letter, outcome: 'redriven', stood };
      return { letter: record.letter, outcome: 'failed', note: failure.error.message.slice(0, 500) };
    });
    return { outcomes, batches: rejects.batches([...failed.values()]) };
  }

  /** What the sink was given in place of a dead letter: a newer record of its key, or the record itself. */
  async #superseded(originals: readonly RedrivenSinkRecord[]): Promise<Map<RedrivenSinkRecord, string>> {
    const { context, positions } = this.#parts;
    const undelivered = (this.#undelivered ??= await this.#read());
    const found = new Map<RedrivenSinkRecord, string>();
    for (const group of Map.groupBy(originals, topicPartitionName).values()) {
      const [of] = group;
      const byKey = Map.groupBy(
        group.filter(({ rawKey }) => rawKey !== null),
        ({ rawKey }) => rawKey?.toString('latin1'),
      );
      if (of === undefined || byKey.size === 0) continue;
      const first = group.reduce((least, { offset }) => (offset < least ? offset : least), of.offset) + 1n;
      for (const place of [of, ...(await grownSince(context.hub, of, first))]) {
        const { earliest, latest } = await context.hub.admin.offsets(place, 'read_committed');
        // Delivered is what the task was given, committed or not; what another task has of the key will be.
        const end = place === of ? (positions.nextOf(of) ?? 0n) : latest;
        const from = first > earliest ? first : earliest;
        for await (const at of records(context.hub, place.topic, place.partition, from, end, context.stop)) {
          const same = byKey.get(at.key()?.toString('latin1'));
          if (same === undefined || undelivered.has(place, at.offset)) continue;
          for (const record of same) if (record.offset < at.offset) found.set(record, `by offset ${at.offset}`);
        }
      }
    }
    const seen = new Set<string>();
    for (const record of originals) {
      const name = `${topicPartitionName(record)}@${record.offset}`;
      if (this.#standing(record.letter) === null)
        found.set(record, `by the records of ${record.topic}, which was made anew`);
      else if (seen.has(name) || undelivered.wasRedriven(record, record.offset))
        found.set(record, 'by its own redrive');
      seen.add(name);
    }
    return found;
  }

  #discarded(letters: readonly StoredDeadLetter[]): void {
    for (const letter of letters) {
      const at = this.#standing(letter);
      if (at !== null) this.#undelivered?.closed(at, at.offset, letter.key);
    }
  }

  #read(): Promise<Undelivered> {
    const { hub, spec, stop } = this.#parts.context;
    return Undelivered.read(hub, this.#store, this.#topic, spec.connector, (letter) => this.#standing(letter), stop);
  }

  #standing({ facts }: StoredDeadLetter): Standing | null {
    return standing(facts, this.#parts.rejects.topicIds);
  }
}

/** Whether a dead letter is not to be read again by a task that starts at an offset: it is open, or was redriven since. */
function staysAside(mark: Mark | undefined, start: bigint): boolean {
  if (isOpen(mark)) return true;
  return mark?.outcome === 'redriven' && mark.stood !== undefined && start >= BigInt(mark.stood);
}

function attempt(record: SinkRecord): RedrivenRecord {
  const original = originalOf(record);
  return { record, id: original instanceof RedrivenSinkRecord ? original.id : '' };
}

function originalOf(record: SinkRecord): SinkRecord {
  return record instanceof TransformedSinkRecord ? record.original : record;
}

function blocked(): MillraceError {
  return new MillraceError('TASK_KEY_BLOCKED', 'an earlier record of this key is a dead letter', {
    kind: 'data',
    key: BLOCK_KEY,
    remedy: 'Redrive or discard the earlier one, then this.',
  });
}

/** Where newer records of the partition's keys may be too, if the topic has grown since an offset. */
async function grownSince(hub: Hub, { topic, partition }: TopicPartition, offset: bigint): Promise<TopicPartition[]> {
  const found = await hub.admin.describe(topic);
  if (found?.growths?.some((growth) => growth.offset >= offset) !== true) return [];
  const others = Array.from({ length: found.partitions }, (_, index) => ({ topic, partition: index }));
  return others.filter((other) => other.partition !== partition);
}
