/** How values are shown: Debezium's handling modes. */
export interface TypeOptions {
  /** `decimal.handling.mode` */
  readonly decimal: 'precise' | 'string' | 'double';
  /** `time.precision.mode` */
  readonly time: 'adaptive' | 'adaptive_time_microseconds' | 'connect' | 'isostring' | 'microseconds' | 'nanoseconds';
  /** `binary.handling.mode` */
  readonly binary: 'bytes' | 'base64' | 'base64-url-safe' | 'hex';
  /** `interval.handling.mode` */
  readonly interval: 'numeric' | 'string';
  /** `hstore.handling.mode` */
  readonly hstore: 'json' | 'map';
  /** `money.fraction.digits` */
  readonly moneyFractionDigits: number;
  /** `include.unknown.datatypes` */
  readonly unknown: boolean;
  /** `unavailable.value.placeholder` */
  readonly unavailable: string;
}

export const DEFAULT_TYPE_OPTIONS: TypeOptions = {
  decimal: 'precise',
  time: 'adaptive',
  binary: 'bytes',
  interval: 'numeric',
  hstore: 'json',
  moneyFractionDigits: 2,
  unknown: false,
  unavailable: '__debezium_unavailable_value',
};
