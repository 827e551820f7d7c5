/** Where a record that was handed over stands. */
export interface ProducedRecord {
  readonly topic: string;
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

export interface ProducedRecords {
  readonly records: readonly ProducedRecord[];
  /** What was taken otherwise than it may be meant: `record 1: …`; absent: nothing. */
  readonly warnings?: readonly string[];
}
