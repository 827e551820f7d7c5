import type { Value } from '../record/value.ts';
import type { SinkTask } from './sink.ts';

/** A row as a target holds it: values by the names of columns, dates and times as ISO 8601 where it has no type for them. */
export type TargetRow = ReadonlyMap<Value, Value>;

/** One place that serves, and the one that takes its name. */
export interface Replacement {
  /** What readers and the sink call it. */
  readonly name: string;
  /** What is built, and stands behind the name afterwards. */
  readonly shadow: string;
}

/**
 * Builds what a sink writes to anew, beside what serves, and puts it in its place.
 *
 * Procedure: {@link create}, then records to tasks made by {@link createTask}, {@link refresh}, {@link take}; or
 * {@link discard}. {@link close} at the end, whatever happened. The sink is stopped from the last records to `take`.
 */
export interface SinkRebuild {
  /** `keep`: as the present ones are, where they have a form of their own. */
  create(how: { readonly keep: boolean }, signal: AbortSignal): Promise<void>;
  /** A task as the sink's, whose records go to what is built. */
  createTask(): SinkTask;
  /** What is being built by now. */
  built(signal: AbortSignal): Promise<readonly Replacement[]>;
  /** Makes what was written visible to readers. */
  refresh(signal: AbortSignal): Promise<void>;
  /** How many rows or documents one holds. */
  count(of: Replacement, signal: AbortSignal): Promise<number>;
  /** All names lead to what was built from one moment on. Returns what nothing leads to any more and still exists. */
  take(signal: AbortSignal): Promise<readonly string[]>;
  /** Removes what was built, but for what a name leads to: whether {@link take} was carried out may not be known. */
  discard(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
