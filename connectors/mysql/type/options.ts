/** How values are shown: Debezium's handling modes. */
export interface TypeOptions {
  /** `decimal.handling.mode` */
  readonly decimal: 'precise' | 'string' | 'double';
  /** `bigint.unsigned.handling.mode` */
  readonly unsignedBigint: 'long' | 'precise';
  /** `time.precision.mode` */
  readonly time: 'adaptive' | 'adaptive_time_microseconds' | 'connect' | 'isostring' | 'microseconds' | 'nanoseconds';
  /** `binary.handling.mode` */
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  /** `unavailable.value.placeholder` */
  readonly unavailable: string;
}

export const DEFAULT_TYPE_OPTIONS: TypeOptions = {
  decimal: 'precise',
  unsignedBigint: 'long',
  time: 'adaptive_time_microseconds',
  binary: 'bytes',
  unavailable: '__debezium_unavailable_value',
};

/** How the bytes of a cell are encoded: as in a binlog row, or as the text protocol sends it. */
export type CellFormat = 'binlog' | 'text';
