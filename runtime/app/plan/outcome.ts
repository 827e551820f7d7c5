import type { Schema } from '../../record/schema.ts';

/** A record that was taken in. */
export interface SampleInput {
  /** The same on both sides of a comparison. */
  readonly id: string;
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: bigint;
}

/** A record that came out. */
export interface MadeRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly keySchema: Schema | null;
  readonly valueSchema: Schema | null;
}

export interface OutcomeError {
  readonly stage: string;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly stops: boolean;
}

/** What became of one record. Nothing made and no error: it was dropped. */
export interface Outcome {
  readonly input: SampleInput;
  readonly made: readonly MadeRecord[];
  readonly error?: OutcomeError;
}

export interface SampleRun {
  readonly outcomes: readonly Outcome[];
  readonly outputs?: readonly { readonly name: string; readonly records: number; readonly complete: boolean }[];
  readonly notes: readonly string[];
}
