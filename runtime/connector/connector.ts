import type { Env } from '../env/env.ts';
import type { OptionSet, RawConfig } from './options.ts';
import type { SinkPreview } from './preview.ts';
import type { RewindTarget, RewoundPartition, SinkRewind } from './rewind.ts';
import type { SinkRecord, SinkTask } from './sink.ts';
import type { SourceOffset, SourceRecord, SourceTask } from './source.ts';
import type { Log } from './context.ts';
import type { SinkRebuild, TargetRow } from './sink-target.ts';
import type { SourceTruth } from './truth.ts';

/** One thing `check` looked at. */
export interface CheckResult {
  /** What was checked: "role may replicate". */
  readonly name: string;
  readonly ok: boolean;
  /** A failure that only limits (false), or one that prevents a start (true, the default). */
  readonly fatal?: boolean;
  readonly code?: string;
  readonly problem?: string;
  /** The exact statement or setting that mends it. */
  readonly remedy?: string;
  /** The option it concerns. */
  readonly key?: string;
}

export interface ConnectorCall {
  readonly name: string;
  readonly config: RawConfig;
  readonly env: Env;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface ConnectorBase {
  /** Its name in `connector.class`. */
  readonly className: string;
  /** Other accepted spellings: Java class names. */
  readonly aliases: readonly string[];
  readonly version: string;
  /** The options, declared once (D10). */
  readonly options: OptionSet;
  /** Errors that concern several options together, by key; the single ones come from the declaration. */
  validate?(config: RawConfig): readonly { readonly key: string; readonly message: string }[];
  /**
   * Local files and folders that it reads or writes, each by the option that names it: a worker may allow some
   * only (`millrace.files.allowed.roots`). The configuration may be wrong otherwise.
   */
  files?(config: RawConfig): readonly { readonly key: string; readonly path: string }[];
  /** Reachability and privileges; changes nothing upstream. */
  check?(call: ConnectorCall): Promise<readonly CheckResult[]>;
  /** Configurations of 1 to `tasksMax` tasks. */
  plan(config: RawConfig, tasksMax: number): readonly RawConfig[];
  /** Removes what its tasks left outside (slots, publications). */
  destroy?(call: ConnectorCall): Promise<readonly string[]>;
}

export interface SourceConnector extends ConnectorBase {
  readonly kind: 'source';
  /** Whether a batch and its offsets may be one transaction: resuming at an offset repeats nothing. */
  readonly exactlyOnce: boolean;
  createTask(config: RawConfig): SourceTask;
  /** Refuses offsets it could not resume from; null offset: forget the partition. */
  alterOffsets?(
    call: ConnectorCall,
    offsets: readonly {
      readonly partition: SourceOffset['partition'];
      readonly offset: SourceOffset['offset'] | null;
    }[],
  ): Promise<void>;
  /** A few records from upstream, written nowhere. */
  sample?(call: ConnectorCall, count: number): Promise<readonly SourceRecord[]>;
  /**
   * Where the stored partitions stand after a rewind, and what is read again then; empty where none would go
   * back. Changes nothing. Throws a `position` error, naming the earliest place, where upstream does not have it
   * any more, and a `config` error where it knows no such places.
   */
  rewind?(call: ConnectorCall, stored: readonly SourceOffset[], to: RewindTarget): Promise<readonly RewoundPartition[]>;
  /** What upstream holds now, for `millrace verify`: every captured table at one exact position. */
  truth?(call: ConnectorCall): Promise<SourceTruth>;
}

export interface SinkConnector extends ConnectorBase {
  readonly kind: 'sink';
  /**
   * Whether its tasks can be given several records of one offset: a transform may make them. Such records
   * come in one `write`, and the offset is durable only when all of them are. Where it is not true, such a
   * record stops the task.
   */
  readonly takesSeveralPerOffset?: boolean;
  /**
   * Whether a record replaces what older ones of its key made: then, where a topic has grown and keys belong to
   * other partitions, what came after is given only when all that came before is committed (I4). Its tasks make
   * durable what they have without waiting for more.
   */
  readonly replacesByKey?: boolean;
  createTask(config: RawConfig): SinkTask;
  /** What it would make of records, in offset order per partition; looks at nothing outside and writes nowhere. */
  preview?(call: ConnectorCall, records: readonly SinkRecord[]): Promise<SinkPreview>;
  /**
   * The rows of a topic as its target holds them at one moment, every value exact, for `millrace verify --index`.
   * Throws a `config` error where its configuration does not keep rows as their table has them.
   */
  rows?(call: ConnectorCall, topic: string): AsyncIterable<TargetRow>;
  /**
   * For `millrace reindex`: what these topics fill, built anew beside what serves. `mark`: letters and digits that
   * name this attempt. Throws a `config` error where it cannot be made again from records.
   */
  rebuild?(call: ConnectorCall, topics: readonly string[], mark: string): Promise<SinkRebuild>;
  /**
   * Where a rewind has to begin so that what the target holds already is known again: at or before each
   * place. Absent: anywhere will do.
   */
  rewindFrom?(call: ConnectorCall, places: readonly SinkRewind[]): Promise<readonly SinkRewind[]>;
}

export type Connector = SourceConnector | SinkConnector;
