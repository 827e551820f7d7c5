import type { BODIES } from './bodies.ts';
import { deadLetterOperations } from './dead-letter-operations.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type BodyName = keyof typeof BODIES;

interface QueryParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: object;
}

export interface Operation {
  readonly summary: string;
  readonly tag: 'worker' | 'connectors' | 'plugins' | 'loggers' | 'topics';
  readonly query?: readonly QueryParameter[];
  /** Body of the request; none is read otherwise. */
  readonly body?: BodyName;
  /** Body by status; null: none; `[name]`: a list of these; `text`: no JSON. */
  readonly answers: Readonly<Record<number, BodyName | readonly [BodyName] | 'text' | null>>;
  /** Statuses of errors beyond those any request may have. */
  readonly errors?: readonly number[];
  /** Not of Kafka Connect's API. */
  readonly own?: true;
}

const flag = (name: string, description: string): QueryParameter => ({
  name,
  description,
  schema: { type: 'boolean', default: false },
});

const connectors = { tag: 'connectors' } as const;
const one = { ...connectors, errors: [404] };
const changing = { ...connectors, errors: [400, 404, 409] };

const connectorOperations: Readonly<Record<string, Partial<Record<Method, Operation>>>> = {
  '/connectors': {
    get: {
      ...connectors,
      summary: 'Names of connectors, or with expand their statuses and configurations',
      query: [
        {
          name: 'expand',
          description: 'May be given several times; other words change nothing. `health` is millrace’s own.',
          schema: { type: 'array', items: { enum: ['status', 'info', 'health'] } },
        },
      ],
      answers: { 200: 'Connectors' },
    },
    post: {
      ...connectors,
      summary: 'Creates a connector',
      body: 'CreateConnector',
      answers: { 201: 'Connector' },
      errors: [400, 409],
    },
  },
  '/connectors/{connector}': {
    get: { ...one, summary: 'A connector', answers: { 200: 'Connector' } },
    delete: {
      ...changing,
      summary: 'Deletes a connector; its offsets stay',
      query: [flag('destroy', 'First remove what its tasks left outside (replication slot, publication).')],
      answers: { 204: null },
    },
  },
  '/connectors/{connector}/config': {
    get: { ...one, summary: 'Its configuration, variables unresolved', answers: { 200: 'Config' } },
    put: {
      ...connectors,
      summary: 'Creates a connector or replaces its configuration',
      body: 'GivenConfig',
      answers: { 200: 'Connector', 201: 'Connector' },
      errors: [400, 409],
    },
    patch: { ...changing, summary: 'Changes single keys', body: 'ConfigPatch', answers: { 200: 'Connector' } },
  },
  '/connectors/{connector}/status': {
    get: { ...one, summary: 'States of the connector and its tasks', answers: { 200: 'ConnectorStatus' } },
  },
  '/connectors/{connector}/tasks': {
    get: { ...one, summary: 'Its tasks and their configurations', answers: { 200: 'Tasks' } },
  },
  '/connectors/{connector}/tasks/{task}/status': {
    get: { ...one, summary: 'State of a task', answers: { 200: 'TaskStatus' } },
  },
  '/connectors/{connector}/tasks/{task}/restart': {
    post: { ...changing, summary: 'Restarts a task', answers: { 204: null } },
  },
  '/connectors/{connector}/pause': { put: { ...one, summary: 'Pauses its tasks', answers: { 202: null } } },
  '/connectors/{connector}/resume': {
    put: { ...one, summary: 'Lets paused or stopped tasks run', answers: { 202: null } },
  },
  '/connectors/{connector}/stop': { put: { ...one, summary: 'Ends its tasks', answers: { 204: null } } },
  '/connectors/{connector}/restart': {
    post: {
      ...changing,
      summary: 'Restarts the connector, and with includeTasks its tasks',
      query: [flag('includeTasks', 'Its tasks too.'), flag('onlyFailed', 'Only what has failed.')],
      answers: { 202: 'ConnectorStatus', 204: null },
    },
  },
  '/connectors/{connector}/offsets': {
    get: { ...one, summary: 'Its offsets', answers: { 200: 'ConnectorOffsets' } },
    patch: {
      ...changing,
      summary: 'Alters offsets of a stopped connector; null forgets a partition',
      body: 'ConnectorOffsets',
      answers: { 200: 'Message' },
    },
    delete: { ...changing, summary: 'Forgets the offsets of a stopped connector', answers: { 200: 'Message' } },
  },
  '/connectors/{connector}/rewind': {
    post: {
      ...changing,
      own: true,
      summary: 'Takes it back to an earlier place, or with dry_run tells what that would read again',
      body: 'RewindRequest',
      answers: { 200: 'Rewind' },
    },
  },
  '/connectors/{connector}/topics': {
    get: { ...connectors, summary: 'Topics it has used', answers: { 200: 'UsedTopics' }, errors: [403] },
  },
  '/connectors/{connector}/topics/reset': {
    put: { ...connectors, summary: 'Forgets the topics it has used', answers: { 202: null }, errors: [403] },
  },
  '/connectors/{connector}/progress': {
    get: { ...one, own: true, summary: 'Where its tasks stand', answers: { 200: 'ConnectorProgress' } },
  },
  '/connectors/{connector}/profile': {
    get: { ...one, own: true, summary: 'Where the time of its tasks goes', answers: { 200: 'ConnectorProfile' } },
  },
  '/connectors/{connector}/health': {
    get: {
      ...one,
      own: true,
      summary: 'Whether it does what is wanted: 503 on its way, 500 it or a task has failed or makes no progress',
      answers: { 200: 'ConnectorHealth', 500: 'ConnectorHealth', 503: 'ConnectorHealth' },
    },
  },
  '/connectors/{connector}/check': {
    get: {
      ...one,
      own: true,
      summary: 'Looks upstream for what keeps it from working',
      answers: { 200: 'ConnectorCheck' },
    },
    put: {
      ...connectors,
      own: true,
      summary: 'The same of a configuration that is not stored',
      body: 'GivenConfig',
      answers: { 200: 'ConnectorCheck' },
      errors: [400],
    },
  },
};

const workerOperations: Readonly<Record<string, Partial<Record<Method, Operation>>>> = {
  '/': { get: { tag: 'worker', summary: 'Version, and the identity of the hub', answers: { 200: 'Worker' } } },
  '/health': {
    get: {
      tag: 'worker',
      summary: 'Whether the worker works: 503 starting, 500 a part has failed for good',
      answers: { 200: 'WorkerHealth', 500: 'WorkerHealth', 503: 'WorkerHealth' },
    },
  },
  '/metrics': { get: { tag: 'worker', own: true, summary: 'Prometheus text', answers: { 200: 'text' } } },
  '/connector-plugins': {
    get: {
      tag: 'plugins',
      summary: 'Connectors, and with connectorsOnly=false all plugins',
      query: [{ name: 'connectorsOnly', description: '', schema: { type: 'boolean', default: true } }],
      answers: { 200: ['Plugin'] },
    },
  },
  '/connector-plugins/{plugin}/config': {
    get: {
      tag: 'plugins',
      summary: 'Options of a plugin',
      query: [{ name: 'version', description: 'Refused where the plugin is of another.', schema: { type: 'string' } }],
      answers: { 200: ['ConfigKey'] },
      errors: [400, 404],
    },
  },
  '/connector-plugins/{plugin}/config/validate': {
    put: {
      tag: 'plugins',
      summary: 'Validates a configuration; 200 also where it is invalid',
      body: 'ConfigPatch',
      answers: { 200: 'Validation' },
      errors: [400],
    },
  },
  '/admin/loggers': { get: { tag: 'loggers', summary: 'Levels of all loggers', answers: { 200: 'Loggers' } } },
  '/admin/loggers/{logger}': {
    get: { tag: 'loggers', summary: 'Level of a logger', answers: { 200: 'Logger' }, errors: [404] },
    put: {
      tag: 'loggers',
      summary: 'Sets the level of a logger and of all below it',
      query: [
        {
          name: 'scope',
          description: 'This worker (200, the loggers that changed) or all of the cluster (204).',
          schema: { enum: ['worker', 'cluster'], default: 'worker' },
        },
      ],
      body: 'SetLevel',
      answers: { 200: 'Names', 204: null },
      errors: [400, 404],
    },
  },
  '/plan': {
    post: {
      ...connectors,
      own: true,
      summary: 'What a set of configurations would change, and what they would make of real records; changes nothing',
      body: 'PlanRequest',
      answers: { 200: 'Plan' },
      errors: [400],
    },
  },
  '/apply': {
    post: {
      ...connectors,
      own: true,
      summary: 'Carries out the plan of that hash: 409 where anything it was made of has changed since',
      body: 'ApplyRequest',
      answers: { 200: 'Applied' },
      errors: [400, 409],
    },
  },
  '/topics': {
    get: { tag: 'topics', own: true, summary: 'Topics of the hub', answers: { 200: ['Topic'] } },
    post: {
      tag: 'topics',
      own: true,
      summary: 'Creates a topic',
      body: 'CreateTopic',
      answers: { 201: 'Topic' },
      errors: [400, 409],
    },
  },
  '/topics/{topic}': {
    patch: {
      tag: 'topics',
      own: true,
      summary: 'Gives a topic more partitions, or other settings',
      body: 'AlterTopic',
      answers: { 200: 'Topic' },
      errors: [400, 404],
    },
  },
  '/topics/{topic}/records': {
    post: {
      tag: 'topics',
      own: true,
      summary: 'Appends records, all of them or none, through the converters that are named or the worker’s',
      body: 'ProduceRecords',
      answers: { 200: 'ProducedRecords' },
      errors: [400, 404],
    },
  },
};

export type Operations = Readonly<Record<string, Partial<Record<Method, Operation>>>>;

/** Every endpoint by path and method. `HEAD` goes with every `GET`; `OPTIONS` tells the methods of a path. */
export const OPERATIONS: Operations = { ...workerOperations, ...connectorOperations, ...deadLetterOperations };
