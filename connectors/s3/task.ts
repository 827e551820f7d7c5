import type {
  Assigned,
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
  SinkTaskStart,
} from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { topicPartitionName, type TopicPartition } from '../../runtime/record/record.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import type { ArchiveSettings } from './archive-settings.ts';
import { PartitionArchive } from './partition-archive.ts';
import type { S3Options } from './options.ts';
import { redriveRecords } from './redrive.ts';
import { archiveSettings, parseConfig } from './settings.ts';
import type { ObjectStore } from './store/object-store.ts';
import { openStore } from './store/open-store.ts';

interface Outcome {
  readonly rejected: readonly SinkRejection[];
  readonly seek: ReadonlyMap<string, bigint>;
}

const WALLCLOCK =
  'timestamp.extractor is Wallclock: after a crash records may be written to another folder a second time. ' +
  'Set timestamp.extractor=Record.';
const RETRIED = new Set(['unavailable', 'throttled', 'busy', 'full']);

/**
 * Writes topic partitions to files (see PartitionArchive). Partitions are written side by side; one
 * that fails for a while is read again from its last finished files, the others go on.
 */
export class S3SinkTask implements SinkTask {
  readonly #options: S3Options;
  readonly #settings: ArchiveSettings;
  readonly #archives = new Map<string, PartitionArchive>();
  /** Durable offset of each partition as last told. */
  readonly #told = new Map<string, bigint>();
  /** Of partitions that were given up. */
  readonly #past = { closedFiles: 0, ignored: 0 };
  #start: SinkTaskStart | null = null;
  #store: ObjectStore | null = null;

  constructor(config: RawConfig) {
    this.#options = parseConfig(config);
    this.#settings = archiveSettings(this.#options);
  }

  async open(start: SinkTaskStart): Promise<void> {
    this.#start = start;
    const { env, context, signal } = start;
    const owner = `${context.connector}-${context.task}`;
    this.#store = await openStore({ options: this.#options, connector: context.connector, owner, env });
    const doubt = await this.#store.greet(signal);
    context.warning('S3_NOT_SEEN', doubt === null ? null : `when the task started: ${doubt.code}: ${doubt.message}`);
    await this.#store.sweep();
    context.warning('S3_WALLCLOCK', this.#settings.wallclock ? WALLCLOCK : null);
    context.stage(`archiving to ${this.#store.shown}`);
  }

  async assign(added: readonly Assigned[]): Promise<void> {
    const { store, start } = this.#opened();
    await store.claim(
      added.map(({ partition, offset, committed }) => ({
        name: topicPartitionName(partition),
        ...(committed === true ? { committed: offset } : {}),
      })),
    );
    for (const { partition, offset } of added) {
      const name = topicPartitionName(partition);
      await this.#archives.get(name)?.abandon();
      this.#told.set(name, offset);
      this.#archives.set(name, new PartitionArchive(partition, offset, this.#settings, store, start.env));
    }
  }

  /** Finishes nothing early: what is open is read again by the next owner. */
  async revoke(removed: readonly TopicPartition[]): Promise<Offsets> {
    const durable = new Map<string, bigint>();
    for (const name of removed.map(topicPartitionName)) {
      const archive = this.#archives.get(name);
      if (archive === undefined) continue;
      this.#archives.delete(name);
      this.#told.delete(name);
      durable.set(name, archive.durable);
      this.#past.closedFiles += archive.closedFiles;
      this.#past.ignored += archive.ignored;
      await archive.abandon();
    }
    return durable;
  }

  async write(batch: readonly SinkRecord[], signal: AbortSignal): Promise<SinkResult> {
    const { env } = this.#opened().start;
    const nowMs = env.clock.nowMs();
    const outcome = await this.#each(byPartition(batch), signal, async (archive, records) => {
      const { rejected, seek } = await archive.write(records, nowMs, signal);
      return { rejected, seek };
    });
    await this.#keepBudget(signal, outcome.seek);
    return this.#result(outcome);
  }

  async redrive(
    batch: readonly RedrivenRecord[],
    signal: AbortSignal,
  ): Promise<{ readonly rejected: readonly SinkRejection[] }> {
    const { store, start } = this.#opened();
    return { rejected: await redriveRecords(batch, this.#settings, store, start.env.clock.nowMs(), signal) };
  }

  async flush(signal: AbortSignal): Promise<SinkResult> {
    const { clock } = this.#opened().start.env;
    const work = new Map([...this.#archives.keys()].map((name) => [name, []]));
    const outcome = await this.#each(work, signal, async (archive) => {
      const seek = await archive.tick(clock.nowMs(), clock.monotonicMs(), signal);
      return { rejected: [], seek };
    });
    const open = this.#sum((archive) => archive.openFiles);
    if (open > 0 && outcome.seek.size === 0) this.#opened().start.context.idle(notDue(open));
    return this.#result(outcome);
  }

  async close(): Promise<void> {
    const archives = [...this.#archives.values()];
    this.#archives.clear();
    await Promise.all(archives.map((archive) => archive.abandon()));
    await this.#store?.close();
    this.#store = null;
  }

  /** Works on partitions side by side; those that fail for a while are to be read again after a pause. */
  async #each(
    work: ReadonlyMap<string, readonly SinkRecord[]>,
    signal: AbortSignal,
    step: (
      archive: PartitionArchive,
      records: readonly SinkRecord[],
    ) => Promise<{ rejected: readonly SinkRejection[]; seek: bigint | null }>,
  ): Promise<Outcome & { readonly seek: Map<string, bigint> }> {
    const rejected: SinkRejection[] = [];
    const seek = new Map<string, bigint>();
    const failed: MillraceError[] = [];
    const one = async (name: string, records: readonly SinkRecord[]): Promise<void> => {
      const archive = this.#archives.get(name);
      if (archive === undefined) throw notAssigned(name);
      try {
        const done = await step(archive, records);
        rejected.push(...done.rejected);
        if (done.seek !== null) seek.set(name, done.seek);
      } catch (error) {
        await archive.abandon();
        if (signal.aborted || !(error instanceof MillraceError) || !RETRIED.has(error.kind)) throw error;
        failed.push(error);
        seek.set(name, archive.durable);
      }
    };
    const settled = await Promise.allSettled([...work].map(([name, records]) => one(name, records)));
    for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
    await this.#pauseAfter(failed, signal);
    return { rejected, seek };
  }

  async #pauseAfter(failed: readonly MillraceError[], signal: AbortSignal): Promise<void> {
    const { context, env } = this.#opened().start;
    const [first] = failed;
    context.warning('S3_RETRYING', first === undefined ? null : `${first.code}: ${first.message}`);
    if (first === undefined) return;
    context.log.warn('reading partitions again after a failed upload', {
      partitions: failed.length,
      error: first.message,
    });
    await env.timers.sleep(this.#options['retry.backoff.ms'], signal);
  }

  /** Bounds the bytes held for open files (I7): sends parts early, then closes the largest partition. */
  async #keepBudget(signal: AbortSignal, seek: Map<string, bigint>): Promise<void> {
    const budget = this.#options['millrace.buffer.bytes'];
    const held = (): number => this.#sum((archive) => archive.bufferedBytes);
    if (held() <= budget) return;
    const largest = [...this.#archives].sort(([, a], [, b]) => b.bufferedBytes - a.bufferedBytes);
    for (const [, archive] of largest) if (held() > budget / 2) await archive.relieve(signal);
    for (const [name, archive] of largest) {
      if (held() <= budget) return;
      const again = await archive.rotate(signal);
      if (again !== null) seek.set(name, again);
    }
  }

  #result({ rejected, seek }: Outcome): SinkResult {
    const { context } = this.#opened().start;
    const durable = new Map<string, bigint>();
    for (const [name, archive] of this.#archives) {
      if (archive.durable > (this.#told.get(name) ?? 0n)) durable.set(name, archive.durable);
    }
    for (const [name, offset] of durable) this.#told.set(name, offset);
    const adopting = [...this.#archives.values()].filter((archive) => archive.adopted !== null);
    context.gauge(
      'open_files',
      this.#sum((archive) => archive.openFiles),
    );
    context.gauge(
      'buffered_bytes',
      this.#sum((archive) => archive.bufferedBytes),
    );
    const closed = this.#past.closedFiles + this.#sum((archive) => archive.closedFiles);
    const ignored = this.#past.ignored + this.#sum((archive) => archive.ignored);
    context.gauge('closed_files_total', closed);
    if (closed > 0) context.warning('S3_NOT_SEEN', null);
    context.gauge('ignored_null_values_total', ignored);
    context.warning('S3_ADOPTING', adopting.length === 0 ? null : adoptingText(adopting));
    return { durable, ...(rejected.length > 0 ? { rejected } : {}), ...(seek.size > 0 ? { seek } : {}) };
  }

  #sum(of: (archive: PartitionArchive) => number): number {
    let sum = 0;
    for (const archive of this.#archives.values()) sum += of(archive);
    return sum;
  }

  #opened(): { readonly start: SinkTaskStart; readonly store: ObjectStore } {
    if (this.#start === null || this.#store === null) {
      throw new MillraceError('S3_TASK_CLOSED', 'the S3 task is not open', { kind: 'closed' });
    }
    return { start: this.#start, store: this.#store };
  }
}

/** The records of each topic partition, in their order. */
export function byPartition(batch: readonly SinkRecord[]): ReadonlyMap<string, readonly SinkRecord[]> {
  const groups = new Map<string, SinkRecord[]>();
  let last: SinkRecord | null = null;
  let group: SinkRecord[] = [];
  for (const record of batch) {
    if (last === null || record.partition !== last.partition || record.topic !== last.topic) {
      const name = topicPartitionName(record);
      group = groups.get(name) ?? [];
      groups.set(name, group);
      last = record;
    }
    group.push(record);
  }
  return groups;
}

function notDue(files: number): string {
  return files === 1 ? '1 open file is not due yet' : `${files} open files are not due yet`;
}

function adoptingText(archives: readonly PartitionArchive[]): string {
  const shown = archives
    .slice(0, 3)
    .map(({ partition, adopted }) => `${topicPartitionName(partition)} up to ${adopted}`);
  return `comparing with objects that were there already: ${shown.join(', ')}`;
}

function notAssigned(name: string): MillraceError {
  return new MillraceError('S3_PARTITION_NOT_ASSIGNED', `${name} is not assigned to this task`, {
    kind: 'bug',
    remedy: 'This is a defect of the worker: report it with its version.',
  });
}
