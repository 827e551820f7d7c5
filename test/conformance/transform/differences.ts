/** An answer that is not Kafka's or Debezium's, on purpose. */
export interface Difference {
  /** Names of the cases. */
  readonly cases: RegExp;
  readonly reason: string;
  /** Both refuse; only the words differ. */
  readonly onlyMessage?: true;
}

const words = (cases: RegExp, reason: string): Difference => ({ cases, reason, onlyMessage: true });

export const KAFKA_DIFFERENCES: readonly Difference[] = [
  words(/^Cast\$Value \{"spec":"(?:int99|a:b:c)"\}/, 'the message is about the spec, without Java’s exception in it'),
  words(/^TimestampConverter\$Value .*yyyy-bb/, 'the message names the option'),
  words(/^RegexRouter \{"regex":"\("/, 'the expression is refused by another engine'),
  words(/^InsertField\$Value \{"static.field":"f"\}$/, 'the message has no Java object in it'),
  words(
    /^TimestampConverter (?:Value|Key) \{"target.type":"unix".*: a (?:loose )?text$/,
    'a missing format is named; Kafka fails with a NullPointerException',
  ),
  words(/^HeaderFrom (?:Value|Key) /, 'a missing field is named; Kafka fails with a NullPointerException'),
  words(/^TimestampRouter .*\$1/, 'the message does not show the record (it may hold secrets)'),
  {
    cases: /^TimestampConverter (?:Value|Key) \{"field":"str".*"format":"yyyy"\}: all types/,
    reason: 'dates before 1582 are Gregorian, as in SQL; Java’s calendar is Julian there',
  },
  {
    cases: /^TimestampConverter.*"target\.type":"(?:Timestamp|Date|Time)"/,
    reason: 'without a schema a date is its milliseconds; Kafka makes a java.util.Date, which no converter can write',
  },
  {
    cases: /^SetSchemaMetadata (?:Value|Key) .*: a (?:text|number)$/,
    reason: 'schemas that are no structs are renamed too; Kafka fails on them',
  },
  {
    cases: /^MaskField (?:Value|Key) \{"fields":"dec"\}: all types/,
    reason: 'a masked decimal keeps its scale; Kafka’s has scale 0, which no converter can write',
  },
  {
    cases: /^InsertHeader .*"2\.5"/,
    reason: 'a fraction is a double: a float would change its value',
  },
];

export const DEBEZIUM_DIFFERENCES: readonly Difference[] = [
  words(/^ExtractNewRecordState .*"never"/, 'the message names the option'),
  words(
    /^partitions\.PartitionRouting .*(?:"partition.payload.fields":""|"partition.topic.num":"0")/,
    'another wording',
  ),
  words(/^outbox\.EventRouter .*"fatal"/, 'the message does not show the record’s key'),
  words(/^outbox\.EventRouter .*placement":"type"/, 'another wording'),
  {
    cases: /^ExtractNewRecordState .*"delete-to-tombstone","drop\.fields\.header\.name"/,
    reason: 'a tombstone has no fields to drop; Debezium fails with a NullPointerException',
  },
  {
    cases: /^ByLogicalTableRouter .*"schema\.name\.adjustment\.mode":"avro"/,
    reason: 'every part of a schema name is made valid for Avro, not only the first, as our connectors do',
  },
  {
    cases: /^partitions\.PartitionRouting .*"(?:after\.amount|gone,after\.gone|before\.id\.x)"/,
    reason: 'a field below a null or a number does not count, like any that is not there; Debezium fails',
  },
  {
    cases: /^outbox\.EventRouter .*envelope/,
    reason: 'the schema is named after the topic of each event; Debezium keeps the first event’s name for all',
  },
  {
    cases: /^outbox\.EventRouter .*"table\.expand\.json\.payload"/,
    reason: 'fields of objects in a list are in the order they appear; Debezium’s order is that of a hash set',
  },
];
