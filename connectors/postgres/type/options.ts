import { MillraceError } from '../../../runtime/record/error.ts';

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

/** The text of `unavailable.value.placeholder`, which may be written as `hex:` and the bytes of UTF-8 text. Throws a `config` error. */
export function placeholderText(option: string): string {
  if (!option.startsWith('hex:')) return option;
  const digits = option.slice('hex:'.length);
  const bytes = Buffer.from(digits, 'hex');
  const text = bytes.toString('utf8');
  if (digits.length % 2 === 0 && bytes.length === digits.length / 2 && Buffer.from(text, 'utf8').equals(bytes))
    return text;
  throw new MillraceError(
    'POSTGRES_PLACEHOLDER',
    'unavailable.value.placeholder: not the hexadecimal bytes of UTF-8 text',
    {
      kind: 'config',
      key: 'unavailable.value.placeholder',
      remedy: 'Write plain text, or hex: and an even number of digits: hex:3f3f3f.',
    },
  );
}
