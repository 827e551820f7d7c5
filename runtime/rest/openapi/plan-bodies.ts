import { Type, type TSchema } from 'typebox';

/** Bodies of `/plan`, `/apply` and `/connectors/{c}/rewind`. */

const text = (description?: string): TSchema => Type.String(description === undefined ? {} : { description });
const ref = (name: string): TSchema => Type.Unsafe({ $ref: `#/components/schemas/${name}` });
const list = (name: string): TSchema => Type.Array(ref(name));
const orNull = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()]);
const closed = { additionalProperties: false };
const anyObject = Type.Object({}, { additionalProperties: true });
const offset = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,18}$' })]);
const counts = Type.Object({ made: Type.Integer(), dropped: Type.Integer(), failed: Type.Integer() }, closed);
const records = Type.Array(
  Type.Object(
    {
      topic: text(),
      key: orNull(text()),
      value: orNull(text()),
      headers: Type.Record(Type.String(), orNull(text())),
      error: Type.Optional(text('Instead of a record.')),
    },
    closed,
  ),
);
const outputs = Type.Array(
  Type.Object(
    { name: text(), records: Type.Integer(), complete: Type.Boolean({ description: 'false: waits for more.' }) },
    closed,
  ),
);
const place = { topic: text(), partition: Type.Optional(Type.Integer()), offset: Type.Optional(text()) };
const planned = Type.Array(Type.Object({ name: text(), config: ref('GivenConfig') }, closed));
const prune = Type.Optional(
  Type.Boolean({ default: false, description: 'Connectors of the worker that are not given go.' }),
);

export const planBodies = {
  PlanRequest: Type.Object(
    {
      connectors: planned,
      prune,
      sample: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 10_000, default: 100, description: 'Records; of a sink per topic.' }),
      ),
      check: Type.Optional(Type.Boolean({ default: true, description: 'Whether to look upstream.' })),
    },
    closed,
  ),
  Plan: Type.Object(
    {
      hash: orNull(text('For /apply; null: a configuration is invalid.')),
      changes: Type.Boolean(),
      ok: Type.Boolean({ description: 'Nothing was found that stands against it.' }),
      connectors: list('ConnectorPlan'),
    },
    closed,
  ),
  ConnectorPlan: Type.Object(
    {
      name: text(),
      action: Type.Enum(['create', 'update', 'unchanged', 'delete']),
      type: Type.Enum(['source', 'sink', 'unknown']),
      class: orNull(text()),
      version: orNull(text()),
      keys: Type.Array(
        Type.Object(
          {
            key: text(),
            change: Type.Enum(['added', 'removed', 'changed']),
            before: orNull(text()),
            after: orNull(text()),
          },
          closed,
        ),
      ),
      errors: Type.Array(Type.Object({ key: text(), message: text() }, closed)),
      check: Type.Optional(ref('ConnectorCheck')),
      sample: Type.Optional(ref('SampleReport')),
      notes: Type.Array(text()),
    },
    closed,
  ),
  SampleReport: Type.Object(
    {
      from: Type.Enum(['hub', 'upstream']),
      records: Type.Integer(),
      before: orNull(counts),
      after: counts,
      same: Type.Integer(),
      changed: Type.Integer(),
      differences: Type.Array(Type.Object({ ...place, before: orNull(records), after: orNull(records) }, closed)),
      schemas: Type.Array(
        Type.Object(
          {
            topic: text(),
            part: Type.Enum(['key', 'value']),
            field: text('Path; empty: the whole.'),
            before: orNull(text()),
            after: orNull(text()),
          },
          closed,
        ),
      ),
      errors: Type.Array(
        Type.Object(
          {
            stage: text(),
            code: text(),
            message: text(),
            remedy: Type.Optional(text()),
            count: Type.Integer(),
            stops: Type.Boolean({ description: 'false: such records become dead letters.' }),
            example: Type.Object(place, closed),
          },
          closed,
        ),
      ),
      outputs: Type.Optional(Type.Object({ before: orNull(outputs), after: outputs }, closed)),
      problem: Type.Optional(Type.Object({ code: text(), message: text(), remedy: Type.Optional(text()) }, closed)),
      notes: Type.Array(text()),
    },
    closed,
  ),
  ApplyRequest: Type.Object({ connectors: planned, prune, hash: text('Of the plan to carry out.') }, closed),
  Applied: Type.Object(
    {
      applied: Type.Array(
        Type.Object({ name: text(), result: Type.Enum(['created', 'updated', 'unchanged', 'deleted']) }, closed),
      ),
    },
    closed,
  ),
  RewindRequest: Type.Object(
    {
      time: Type.Optional(Type.Union([Type.String(), Type.Number()])),
      offset: Type.Optional(offset),
      offsets: Type.Optional(Type.Record(Type.String(), offset)),
      lsn: Type.Optional(text()),
      binlog: Type.Optional(text()),
      dry_run: Type.Optional(Type.Boolean({ default: false })),
    },
    {
      ...closed,
      description:
        'One of time (ISO 8601 or epoch milliseconds), offset, offsets (by topic-partition), lsn, binlog (file:position, or GTIDs).',
    },
  ),
  Rewind: Type.Object(
    {
      name: text(),
      type: Type.Enum(['source', 'sink']),
      done: Type.Boolean({ description: 'false: a dry run, or nothing goes back.' }),
      partitions: Type.Array(
        Type.Object(
          {
            partition: anyObject,
            from: anyObject,
            to: orNull(anyObject),
            records: orNull(Type.Integer()),
            bytes: orNull(Type.Integer()),
            note: Type.Optional(text()),
          },
          closed,
        ),
      ),
      records: orNull(Type.Integer({ description: 'Read again, at most; null: not known.' })),
      bytes: orNull(Type.Integer()),
      notes: Type.Array(text()),
    },
    closed,
  ),
};
