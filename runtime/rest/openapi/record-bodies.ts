import { Type, type TSchema } from 'typebox';

/** Bodies about the records of topics, as JSON Schema. */

const closed = { additionalProperties: false };
const anything = (description: string): TSchema => Type.Optional(Type.Unsafe({ description }));
const text = (description: string): TSchema => Type.Optional(Type.String({ description }));

const side = (name: string) => ({
  [name]: anything('JSON for the converter; null: none.'),
  [`${name}Text`]: text('Instead: a text; where the converter wants values, JSON if it is JSON.'),
  [`${name}Base64`]: text('Instead: bytes as they are, past the converter.'),
  [`${name}Schema`]: anything('Kafka Connect’s JSON of the schema that the JSON has.'),
});

const header = Type.Object({ key: Type.String(), ...side('value') }, closed);

export const recordBodies = {
  ProduceRecords: Type.Object(
    {
      records: Type.Array(
        Type.Object(
          {
            ...side('key'),
            ...side('value'),
            headers: Type.Optional(Type.Union([Type.Array(header), Type.Record(Type.String(), Type.Unsafe({}))])),
            partition: Type.Optional(Type.Integer({ minimum: 0, description: 'Default: by the key.' })),
            timestamp: Type.Optional(
              Type.Union([
                Type.Integer({ description: 'Epoch milliseconds.' }),
                Type.String({ description: 'ISO 8601.' }),
              ]),
            ),
            topic: anything('What tail prints; not used.'),
            offset: anything('What tail prints; not used.'),
          },
          closed,
        ),
      ),
      config: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: 'key.converter, value.converter, header.converter and options below them.',
        }),
      ),
    },
    closed,
  ),
  ProducedRecords: Type.Object(
    {
      records: Type.Array(
        Type.Object(
          {
            topic: Type.String(),
            partition: Type.Integer(),
            offset: Type.String({ description: 'Decimal.' }),
            timestamp: Type.String({ description: 'ISO 8601.' }),
          },
          closed,
        ),
      ),
      warnings: Type.Optional(
        Type.Array(Type.String(), {
          description: 'What was taken otherwise than it may be meant: texts that begin like JSON and are none.',
        }),
      ),
    },
    closed,
  ),
};
