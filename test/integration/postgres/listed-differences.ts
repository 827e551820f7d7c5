/** A way in which our events differ from Debezium's on purpose (docs/connectors/postgres-differences.md). */
export interface ListedDifference {
  readonly what: string;
  readonly topic: RegExp;
  /** Of a line of `topicDifferences`. */
  readonly line: RegExp;
  /** Configurations whose records show it. */
  readonly configurations: readonly ('ref' | 'alt')[];
}

const BOTH = ['ref', 'alt'] as const;
const image = (field: string): string => `value\\.schema\\.fields\\.<(?:before|after)>\\.fields\\.<${field}>`;

export const LISTED: readonly ListedDifference[] = [
  {
    what: 'fields that the replica identity leaves out of old images are optional there, without default, under a name of their own',
    topic: /\.(?:defaults|evolve|index_ident|signals)$/,
    line: /value\.schema\.fields\.<before>\.(?:name: "[^"]+\.Value" → "[^"]+\.Before"|fields\.<\w+>\.(?:optional: false → true|default: .* → "\(absent\)"))$/,
    configurations: BOTH,
  },
  {
    what: 'old images do not make up values of NOT NULL columns that the replica identity leaves out',
    topic: /\.(?:evolve|index_ident)$/,
    line: /value\.payload\.before\.(?:b: 7|c: "sad"|id: 0) → null$/,
    configurations: BOTH,
  },
  {
    what: 'nullable columns have no default: JsonConverter would show their NULLs as it',
    topic: /\.(?:defaults|evolve)$/,
    line: new RegExp(`${image('(?:d_bool|d_num|d_ts|d_uuid|b)')}\\.default: .* → "\\(absent\\)"$`),
    configurations: BOTH,
  },
  {
    what: 'a default with a quote in it is read whole',
    topic: /\.defaults$/,
    line: /value\.schema\.fields\.<after>\.fields\.<d_text>\.default: "x" → "x'y"$/,
    configurations: BOTH,
  },
  {
    what: 'generated columns, which the stream does not carry, are not in snapshot records either',
    topic: /\.defaults$/,
    line: /#0 value\.(?:payload\.after\.d_gen: 10|schema\.fields\.<(?:before|after)>\.fields\.<d_gen>: .*) → "\(absent\)"$/,
    configurations: BOTH,
  },
  {
    what: 'the key of a table whose replica identity is another unique index is that index: a delete has nothing else',
    topic: /\.index_ident$/,
    line: /(?:key\.(?:schema\.fields\.<(?:id|code)>|payload\.(?:id|code)): |headers\[0\]\[1\]: "\{\\"id\\":\d\}" → "\{\\"code\\":\\"c\d\\"\}"$)/,
    configurations: BOTH,
  },
  {
    what: 'arrays of two dimensions are arrays of arrays',
    topic: /\.types$/,
    line: /value\.(?:schema\.fields\.<(?:before|after)>\.fields\.<a_int22>\.items\.|payload\.after\.a_int22\[\d\]: null → \[)/,
    configurations: BOTH,
  },
  {
    what: 'items of an enum array may be null, as the database lets them',
    topic: /\.types$/,
    line: new RegExp(`${image('a_enum')}\\.items\\.optional: false → true$`),
    configurations: BOTH,
  },
  {
    what: 'name columns have their value in the stream too',
    topic: /\.types$/,
    line: /value\.payload\.after\.c_name: null → "a_name"$/,
    configurations: ['ref'],
  },
  {
    what: 'numeric without scale keeps the scale of each value',
    topic: /\.types$/,
    line: /value\.payload\.after\.c_numeric\.(?:scale: 4 → 6|value: "B1vNFQ==" → "At\/cHDQ=")$/,
    configurations: ['ref'],
  },
  {
    what: 'infinite dates are the ends of int32',
    topic: /\.types$/,
    line: /value\.payload\.after\.c_date: -2147472692 → 2147483647$/,
    configurations: BOTH,
  },
  {
    what: 'types without a mapping are the text of the server, not of its Java driver',
    topic: /\.types$/,
    line: /value\.payload\.after\.u_box: "KDMuMCw0LjApLCgxLjAsMi4wKQ==" → "KDMsNCksKDEsMik="$/,
    configurations: ['alt'],
  },
  {
    what: 'unchanged bytea as base64 text is the placeholder in base64',
    topic: /\.toast$/,
    line: /value\.payload\.after\.bin: null → "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="$/,
    configurations: ['alt'],
  },
  {
    what: 'incremental snapshots write no rows to the signal table',
    topic: /\.signals$/,
    line: /^#[1-6]: missing .*UUID-(?:open|close)/,
    configurations: ['ref'],
  },
  {
    what: 'END names tables in the order of their first event',
    topic: /\.transaction$/,
    line: /value\.payload\.data_collections\[\d\]\.data_collection: /,
    configurations: ['alt'],
  },
  {
    what: 'END names no table for a logical message, which Debezium names by a Java object',
    topic: /\.transaction$/,
    line: /value\.payload\.data_collections\[0\]: \{"data_collection":"io\.debezium\..*MessageId@.* → "\(absent\)"$/,
    configurations: ['alt'],
  },
];
