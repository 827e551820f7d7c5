import { Type, type TSchema } from 'typebox';
import { planBodies } from './plan-bodies.ts';
import { deadLetterBodies } from './dead-letter-bodies.ts';
import { recordBodies } from './record-bodies.ts';

/** The bodies of the REST API as JSON Schema, by the names the OpenAPI document gives them. */

const text = (description?: string): TSchema => Type.String(description === undefined ? {} : { description });
const ref = (name: string): TSchema => Type.Unsafe({ $ref: `#/components/schemas/${name}` });
const list = (name: string): TSchema => Type.Array(ref(name));
const texts = Type.Record(Type.String(), Type.String());
const open = { additionalProperties: true };
const closed = { additionalProperties: false };
const millis = (description: string): TSchema => Type.Integer({ description: `${description}; epoch milliseconds.` });
const orNull = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()]);

const runState = Type.Enum(['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED']);
const healthStatus = Type.Enum(['healthy', 'starting', 'unhealthy']);
const levelWord = Type.Enum(['ALL', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']);

const state = {
  state: runState,
  worker_id: text('host:port of the worker it runs on.'),
  trace: Type.Optional(text('Why it failed: message, remedy, causes and stack.')),
};

const connectorBodies = {
  Error: Type.Object({ error_code: Type.Integer(), message: text() }, closed),
  Worker: Type.Object({ version: text(), commit: text(), kafka_cluster_id: text('Identity of the hub.') }, closed),
  WorkerHealth: Type.Object(
    { status: healthStatus, message: text(), connectors: Type.Optional(texts) },
    { ...closed, description: '`connectors`: those that could not be started or changed as wanted, with the reason.' },
  ),
  Config: Type.Record(Type.String(), Type.String(), {
    description: 'A flat configuration. Secrets are shown as [hidden]; sent back so, they stay as they are.',
  }),
  GivenConfig: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  ConfigPatch: Type.Record(Type.String(), orNull(Type.Union([Type.String(), Type.Number(), Type.Boolean()])), {
    description: 'Merged into the configuration; null removes a key.',
  }),
  CreateConnector: Type.Object(
    {
      name: Type.String({ maxLength: 1000 }),
      config: ref('GivenConfig'),
      initial_state: Type.Optional(Type.Enum(['RUNNING', 'PAUSED', 'STOPPED'])),
      initial_offsets: Type.Optional(list('ConnectorOffset')),
    },
    closed,
  ),
  TaskId: Type.Object({ connector: text(), task: Type.Integer() }, closed),
  Connector: Type.Object(
    {
      name: text(),
      config: ref('Config'),
      tasks: list('TaskId'),
      type: Type.Enum(['source', 'sink', 'unknown']),
    },
    closed,
  ),
  Connectors: Type.Union([
    Type.Array(Type.String()),
    Type.Record(
      Type.String(),
      Type.Object(
        {
          status: Type.Optional(ref('ConnectorStatus')),
          info: Type.Optional(ref('Connector')),
          health: Type.Optional(ref('ConnectorHealth')),
        },
        { ...closed, description: 'With ?expand.' },
      ),
    ),
  ]),
  Tasks: Type.Array(Type.Object({ id: ref('TaskId'), config: ref('Config') }, closed)),
  ConnectorState: Type.Object({ ...state, version: Type.Optional(text()) }, closed),
  TaskStatus: Type.Object({ id: Type.Integer(), ...state, version: orNull(text()) }, closed),
  ConnectorStatus: Type.Object(
    {
      name: text(),
      connector: ref('ConnectorState'),
      tasks: list('TaskStatus'),
      type: Type.Enum(['source', 'sink', 'unknown']),
    },
    closed,
  ),
  ConnectorOffset: Type.Object({
    partition: Type.Object({}, open),
    offset: Type.Optional(orNull(Type.Object({}, open))),
  }),
  ConnectorOffsets: Type.Object({ offsets: list('ConnectorOffset') }, closed),
  Message: Type.Object({ message: text() }, closed),
  UsedTopics: Type.Record(Type.String(), Type.Object({ topics: Type.Array(Type.String()) }, closed)),
};

const numbers = Type.Record(Type.String(), Type.Number());
const standing = Type.Enum(['MOVING', 'IDLE', 'THROTTLED', 'STALLED'], {
  description: 'Whether offsets move; IDLE: it is known that there is nothing to do.',
});
const at = text('reading, waiting, transforming, converting, producing, committing, writing, retrying, flushing, …');
const place = {
  at: Type.Optional(at),
  at_since_ms: Type.Optional(millis('Since when it is there')),
  standing: Type.Optional(standing),
  idle: Type.Optional(text('How it is known that there is nothing to do.')),
  stalled: Type.Optional(
    Type.Object({
      stage: text('Where it stands.'),
      since_ms: millis('When it last made progress'),
      problem: Type.Optional(text()),
    }),
  ),
};

const ownBodies = {
  ConnectorHealth: Type.Object(
    {
      name: text(),
      status: Type.Enum(['healthy', 'starting', 'stalled', 'unhealthy']),
      message: text(),
      tasks: Type.Array(
        Type.Object({
          id: Type.Integer(),
          state: runState,
          ...place,
          problem: Type.Optional(text()),
          stage: Type.Optional(text()),
          stage_since_ms: Type.Optional(millis('Since when it is in this stage')),
          progress_ms: Type.Optional(millis('When offsets last moved or idleness was proved')),
        }),
      ),
    },
    closed,
  ),
  ConnectorProgress: Type.Object(
    {
      name: text(),
      tasks: Type.Array(
        Type.Object(
          {
            id: Type.Integer(),
            state: text(),
            ...place,
            stage: text('In the connector’s own words.'),
            stage_since_ms: millis('Since when it is in this stage'),
            progress_ms: millis('When offsets last moved or idleness was proved'),
            records: Type.Number(),
            bytes: Type.Number(),
            records_per_second: Type.Number(),
            queued_bytes: Type.Number({ description: 'Bytes taken and not yet durable.' }),
            gauges: Type.Record(Type.String(), Type.Number()),
            info: texts,
            warnings: texts,
          },
          open,
        ),
      ),
    },
    closed,
  ),
  ConnectorProfile: Type.Object(
    {
      name: text(),
      type: Type.Enum(['source', 'sink', 'unknown']),
      tasks: Type.Array(
        Type.Object({
          id: Type.Integer(),
          state: text(),
          at,
          at_since_ms: millis('Since when it is there'),
          standing,
          shares: numbers,
          stage_ms: numbers,
          records_per_second: Type.Number(),
          bytes_per_second: Type.Number(),
          queues: numbers,
          queue_limit_bytes: Type.Number(),
          active_records: Type.Number({ description: 'Taken and not durable.' }),
          loop_delay_ms: Type.Number({
            description: 'How late its thread’s loop was in the last half minute at most.',
          }),
          loop_utilization: Type.Number(),
        }),
      ),
    },
    {
      ...closed,
      description:
        '`shares`: of the last ten seconds, by stage; `stage_ms`: since the task was started; `queues`: bytes.',
    },
  ),
  ConnectorCheck: Type.Object(
    {
      name: text(),
      ok: Type.Boolean({ description: 'Whether nothing fatal was found.' }),
      results: Type.Array(
        Type.Object(
          {
            name: text(),
            ok: Type.Boolean(),
            fatal: Type.Boolean(),
            code: Type.Optional(text()),
            problem: Type.Optional(text()),
            remedy: Type.Optional(text('The exact statement or setting that mends it.')),
            key: Type.Optional(text()),
          },
          closed,
        ),
      ),
    },
    closed,
  ),
  Topic: Type.Object({ name: text(), partitions: Type.Integer(), config: texts }, open),
  CreateTopic: Type.Object({
    name: text(),
    partitions: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1 })),
    config: Type.Optional(ref('GivenConfig')),
  }),
  AlterTopic: Type.Union([
    Type.Object({ partitions: Type.Integer({ minimum: 1, maximum: 10_000 }) }, closed),
    Type.Object({ config: Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()])) }, closed),
  ]),
  ...recordBodies,
};

const pluginBodies = {
  Plugin: Type.Object(
    {
      class: text(),
      type: Type.Enum(['source', 'sink', 'converter', 'header_converter', 'transformation', 'predicate']),
      version: text(),
    },
    closed,
  ),
  ConfigKey: Type.Object(
    {
      name: text(),
      type: Type.Enum(['BOOLEAN', 'STRING', 'INT', 'SHORT', 'LONG', 'DOUBLE', 'LIST', 'CLASS', 'PASSWORD']),
      required: Type.Boolean(),
      default_value: orNull(text()),
      importance: Type.Enum(['HIGH', 'MEDIUM', 'LOW']),
      documentation: text(),
      group: orNull(text()),
      order_in_group: Type.Optional(Type.Integer()),
      order: Type.Optional(Type.Integer()),
      width: Type.Enum(['NONE', 'SHORT', 'MEDIUM', 'LONG']),
      display_name: text(),
      dependents: Type.Array(Type.String()),
    },
    closed,
  ),
  ConfigValue: Type.Object(
    {
      name: text(),
      value: orNull(text()),
      recommended_values: Type.Array(Type.String()),
      errors: Type.Array(Type.String()),
      visible: Type.Boolean(),
    },
    closed,
  ),
  Validation: Type.Object(
    {
      name: text(),
      error_count: Type.Integer(),
      groups: Type.Array(Type.String()),
      configs: Type.Array(Type.Object({ definition: ref('ConfigKey'), value: ref('ConfigValue') }, closed)),
    },
    closed,
  ),
  Logger: Type.Object(
    { level: levelWord, last_modified: orNull(millis('When it was set; null: at the start')) },
    closed,
  ),
  Loggers: Type.Record(Type.String(), ref('Logger')),
  SetLevel: Type.Object({ level: text('In any case.') }),
  Names: Type.Array(Type.String()),
};

export const BODIES = { ...connectorBodies, ...ownBodies, ...planBodies, ...pluginBodies, ...deadLetterBodies };
