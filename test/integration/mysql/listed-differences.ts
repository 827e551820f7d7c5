/** A way in which our events differ from Debezium's on purpose (docs/connectors/mysql.md). */
export interface ListedDifference {
  readonly what: string;
  readonly topic: RegExp;
  /** Of a line of `topicDifferences`. */
  readonly line: RegExp;
}

const image = (field: string): string => `value\\.schema\\.fields\\.<(?:before|after)>\\.fields\\.<${field}>`;

export const LISTED: readonly ListedDifference[] = [
  {
    what: 'nullable columns have no default: JsonConverter would show their NULLs as it',
    topic: /\.(?:defaults|evolve)$/,
    line: new RegExp(`${image('(?:d_dec|d_bit|b)')}\\.default: .* → "\\(absent\\)"$`),
  },
  {
    what: 'a default with a quote in it is read right',
    topic: /\.defaults$/,
    line: /<d_text>\.default: "x''y" → "x'y"$/,
  },
  {
    what: 'a label with a comma is the same in the stream as in the snapshot',
    topic: /\.types$/,
    line: /c_enum: "b\\\\,c" → "b,c"$/,
  },
  {
    what: 'the year 0 is 0',
    topic: /\.types$/,
    line: /c_year: 1900 → 0$/,
  },
];
