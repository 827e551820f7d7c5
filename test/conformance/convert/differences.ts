/** An answer that is not Kafka Connect's, on purpose. */
interface Difference {
  /** Names of the cases. */
  readonly cases: RegExp;
  readonly reason: string;
}

const CONVERTER_DIFFERENCES: readonly Difference[] = [
  {
    cases:
      /^(?:(?:Short|Integer|Float|Double)Converter writes \{"schema":null,"payload":1\}|FloatConverter writes \{"schema":null,"payload":1\.5\})$/,
    reason: 'a number without a schema is written where it fits; Kafka Connect takes only the Java class of the type',
  },
  {
    cases: /^StringConverter writes .*connect\.data\.(?:Date|Time|Timestamp)"/,
    reason: 'dates and times are written in ISO 8601, with milliseconds; Kafka writes "Thu Jan 01 00:00:00 UTC 1970"',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\d+\.\d*[1-9]0?|1e-3|1e-400|1e38|3\.4e38)"$/,
    reason: 'a fraction is a double, or a decimal where a double would round it; Kafka reads a float and rounds',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\[1(?:\.5)?,2\.5\]|\{\\"a\\":1\.5\})"$/,
    reason: 'the same of fractions in arrays and objects',
  },
  { cases: /^SimpleHeaderConverter reads "٣"$/, reason: 'numbers are of the digits 0 to 9' },
  {
    cases: /^SimpleHeaderConverter reads "(?:2026-02-31|2026-13-01|2026-01-31T25:34:56\.789Z)"$/,
    reason: 'a day or hour that does not exist is a text; Kafka reads another day',
  },
  {
    cases: /^SimpleHeaderConverter reads "0001-01-01"$/,
    reason: 'dates before 1582 are Gregorian, as in SQL; Java’s calendar is Julian there',
  },
  {
    cases: /^SimpleHeaderConverter reads "12:34(?::56Z|:56\.789)?"$/,
    reason: 'a text that begins with a number is a text; Kafka reads 12 and drops the rest',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\[1,\]|\[1\]x|\[2026-01-31\]|\{1:2\}|\{\\"a\\":1,\}|\{\\"a\\":1\}x)"$/,
    reason: 'what is no JSON is a text; Kafka drops what is left over',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\[ ?\]|\{ ?\}|\[\[\],\[\]\]|\[null\]|\{\\"a\\":null\})"$/,
    reason:
      'where nothing tells what items are, there is no schema; Kafka makes one without items, which other parts fail on',
  },
  {
    cases:
      /^SimpleHeaderConverter reads "(?:\[1,\\"a\\"\]|\[1,true\]|\[\[1\],\[\\"a\\"\]\]|\{\\"a\\":1,\\"b\\":\\"x\\"\})"$/,
    reason: 'the same of items of several kinds',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\[1,null\]|\{\\"a\\":1,\\"b\\":null\})"$/,
    reason: 'items may be null; Kafka reads the whole as a text',
  },
  {
    cases: /^SimpleHeaderConverter reads "\[\[1\],\[300\]\]"$/,
    reason: 'the widest integer counts at any depth; Kafka makes a value that does not fit its schema',
  },
  {
    cases: /^SimpleHeaderConverter reads "(?:\[\\"2026-01-31\\"\]|\{\\"k\\":\\"2026-01-31\\"\})"$/,
    reason: 'a quoted text in an array or object is a text',
  },
  {
    cases: /^SimpleHeaderConverter reads "\[\\"a\\\\\\"b\\"\]"$/,
    reason: 'what was escaped when it was written is unescaped when it is read',
  },
];

/** Why the case differs; null: it must not. */
export function differenceOf(name: string): string | null {
  return CONVERTER_DIFFERENCES.find(({ cases }) => cases.test(name))?.reason ?? null;
}
