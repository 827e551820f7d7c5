import { Type, type TSchema } from 'typebox';

const text = (description?: string): TSchema => Type.String(description === undefined ? {} : { description });
const closed = { additionalProperties: false };
const anything = Type.Unknown();
const place = Type.Object({ partition: Type.Integer(), offset: Type.Union([text(), Type.Integer()]) });

/** Bodies about dead letters, as JSON Schema. */
export const deadLetterBodies = {
  DeadLetter: Type.Object(
    {
      topic: text(),
      partition: Type.Integer(),
      offset: text('Decimal.'),
      failed: Type.Union([text('When it failed, ISO 8601.'), Type.Null()]),
      form: Type.Enum(['sink', 'record', 'cells', 'raw']),
      stage: text(),
      class: text(),
      code: text(),
      message: text(),
      origin: Type.Object({
        topic: Type.Optional(text()),
        partition: Type.Optional(Type.Integer()),
        offset: Type.Optional(text()),
      }),
      source: Type.Optional(Type.Record(Type.String(), anything)),
      task: Type.Integer(),
      redrives: Type.Integer({ description: 'How often it was redriven before.' }),
      state: text('open, or what became of it.'),
      note: Type.Optional(text()),
      key: anything,
      value: anything,
      headers: Type.Array(Type.Object({ key: text(), value: anything }, closed)),
      stack: Type.Optional(text()),
    },
    closed,
  ),
  DeadLetters: Type.Object(
    {
      topic: text(),
      deadletters: Type.Array(Type.Unsafe({ $ref: '#/components/schemas/DeadLetter' })),
      more: Type.Boolean({ description: 'There are more that fit.' }),
    },
    closed,
  ),
  RedriveRequest: Type.Object(
    {
      error: Type.Optional(text('Part of the error’s code or message, or a stage.')),
      key: Type.Optional(text('The key as it is shown.')),
      from: Type.Optional(Type.Union([text('ISO 8601: failed from here on.'), Type.Integer()])),
      to: Type.Optional(Type.Union([text('Failed before.'), Type.Integer()])),
      only: Type.Optional(Type.Array(place)),
      force: Type.Optional(Type.Boolean({ description: 'Superseded ones are written too.' })),
    },
    { ...closed, description: 'All that is given has to fit; nothing means all open ones.' },
  ),
  RedriveJob: Type.Object(
    {
      id: text(),
      action: Type.Enum(['redrive', 'discard']),
      state: Type.Enum(['open', 'done', 'cancelled', 'refused']),
      total: Type.Integer(),
      outcomes: Type.Record(Type.String(), Type.Integer()),
      created: text('ISO 8601.'),
      problem: Type.Optional(text()),
    },
    closed,
  ),
};
