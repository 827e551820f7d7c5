import type { FileFormat } from './format/file-encoder.ts';
import type { Naming } from './partition/naming.ts';
import type { Partitioner } from './partition/partitioner.ts';
import type { RecordTime } from './partition/record-time.ts';
import type { RotationRules } from './partition/rotation.ts';
import type { ZoneOffset } from './partition/zone.ts';

/** How tombstones are treated: see `behavior.on.null.values`. */
export type NullValues = 'fail' | 'ignore' | 'write';

/** One of the parallel files of a record: its value (or envelope), its key, its headers. */
export interface Companion {
  /** '' for the main file, `.keys`, `.headers`. */
  readonly suffix: string;
  readonly format: FileFormat;
}

/** How the records of any topic partition become files; made from the options once. */
export interface ArchiveSettings {
  readonly naming: Naming;
  readonly partitioner: Partitioner;
  readonly recordTime: RecordTime;
  /** Folders depend on when a record is written: a replay may put it into another. */
  readonly wallclock: boolean;
  readonly rules: RotationRules;
  readonly zone: ZoneOffset;
  readonly nullValues: NullValues;
  /** Folder of tombstones that are written without an envelope; null: with the other records. */
  readonly tombstonePartition: string | null;
  /** The main file first. */
  readonly companions: readonly Companion[];
}
