import type { Log } from '../connector/context.ts';
import type { OptionSet, RawConfig } from '../connector/options.ts';
import type { RowLayout } from '../record/row-layout.ts';
import type { TransformRecord } from './transform-record.ts';

/** What becomes of a record: itself (changed or not), several, or nothing. */
export type Transformed = TransformRecord | readonly TransformRecord[] | null;

/**
 * One step of a chain, built once from its options. Calls come in the order of the records. Throws a
 * `data` error (`TRANSFORM_…`) where a record is not what it expects; the record is then rejected.
 */
export interface Transform {
  apply(record: TransformRecord): Transformed;
  /**
   * What `apply` makes of every row of a layout, said once for all of them: they stay raw cells (D14).
   * null: they are dropped. Throws `NeedsValues`, or what `apply` would throw, where it cannot be
   * said; each row then becomes values. Absent: it never can.
   */
  layout?(layout: RowLayout): RowLayout | null;
}

/** Decides whether a transform sees a record. */
export interface Predicate {
  test(record: TransformRecord): boolean;
  /** The same of every row of a layout; as {@link Transform.layout}. */
  testLayout?(layout: RowLayout): boolean;
}

/** Which part of a record a transform works on: Connect's `$Key` and `$Value`. */
export type Side = 'key' | 'value';

interface Declaration {
  /** Simple class name, as in Connect: `ReplaceField`. */
  readonly name: string;
  /** The Java package it is found in. */
  readonly javaPackage: string;
  /** One sentence for the reference. */
  readonly doc: string;
  readonly options: OptionSet;
}

/** A kind of transform: the one place its options are declared. */
export interface TransformKind extends Declaration {
  /** Whether it comes as `$Key` and `$Value`. */
  readonly sided: boolean;
  /**
   * Throws a `config` error naming the option that does not stand. `side` is meaningful where `sided`.
   * `log` takes what an option asks to be told; never what is in a record (I9).
   */
  create(config: RawConfig, side: Side, log?: Log): Transform;
}

export interface PredicateKind extends Declaration {
  create(config: RawConfig): Predicate;
}
