import { describe, expect, it } from 'vitest';
import { configInfos, configKeys } from '../../../runtime/connector/config-def.ts';
import { sourceOptions } from '../../../runtime/connector/connector-options.ts';
import { option, optionSet } from '../../../runtime/connector/options.ts';
import { validateConfig } from '../../../runtime/connector/validate.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { FileCatalog, fileSink, fileSource } from '../cluster/file-stream.ts';

const catalog = new FileCatalog();
const source = { name: 's', 'connector.class': 'FileStreamSource', topic: 't' };
const sink = { name: 's', 'connector.class': 'FileStreamSink', topics: 'a,b' };
const hoist = 'org.apache.kafka.connect.transforms.HoistField$Value';

/** What is refused, by key. */
const sources: [string, Record<string, string>, string[]][] = [
  ['a good one', {}, []],
  ['a key of a client', { 'producer.override.linger.ms': '5' }, []],
  [
    'settings of a converter',
    { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schemas.enable': 'false' },
    [],
  ],
  [
    'a wrong setting of a converter',
    { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schemas.enable': 'maybe' },
    ['value.converter.schemas.enable'],
  ],
  [
    'a misspelt setting of a converter',
    { 'value.converter': 'org.apache.kafka.connect.json.JsonConverter', 'value.converter.schema.enable': 'true' },
    ['value.converter.schema.enable'],
  ],
  [
    'topic creation without its defaults',
    { 'topic.creation.groups': 'g', 'topic.creation.g.partitions': '2' },
    ['topic.creation.default.partitions', 'topic.creation.default.replication.factor'],
  ],
  [
    'topic creation',
    {
      'topic.creation.default.partitions': '2',
      'topic.creation.default.replication.factor': '-1',
      'topic.creation.default.cleanup.policy': 'compact',
    },
    [],
  ],
  [
    'no partitions',
    { 'topic.creation.default.partitions': '0', 'topic.creation.default.replication.factor': '1' },
    ['topic.creation.default.partitions'],
  ],
  [
    'a topic group nobody named',
    {
      'topic.creation.default.partitions': '1',
      'topic.creation.default.replication.factor': '1',
      'topic.creation.x.partitions': '1',
    },
    ['topic.creation.x.partitions'],
  ],
  ['a transform', { transforms: 'h', 'transforms.h.type': hoist, 'transforms.h.field': 'f' }, []],
  [
    'a transform whose predicate is missing',
    { transforms: 'h', 'transforms.h.type': hoist, 'transforms.h.field': 'f', 'transforms.h.predicate': 'p' },
    ['transforms.h.predicate'],
  ],
  ['a transform without its field', { transforms: 'h', 'transforms.h.type': hoist }, ['transforms.h.field']],
  ['an unknown key of ours', { 'millrace.nothing': '1' }, ['millrace.nothing']],
];

const sinks: [string, Record<string, string>, string[]][] = [
  ['a good one', {}, []],
  ['topics and a pattern', { 'topics.regex': '.*' }, ['topics', 'topics.regex']],
  ['neither', { topics: '' }, ['topics', 'topics.regex']],
  ['no topic name', { topics: 'a b' }, ['topics']],
  ['no pattern', { topics: '', 'topics.regex': '[' }, ['topics.regex']],
  ['its own dead letters', { 'errors.deadletterqueue.topic.name': 'a' }, ['errors.deadletterqueue.topic.name']],
];

function refused(connector: typeof fileSource | typeof fileSink, config: Record<string, string>): string[] {
  return [...new Set(validateConfig(connector, config, catalog).errors.map(({ key }) => key))].toSorted();
}

function refuseTopic(): never {
  throw new MillraceError('X_Y', 'not like this', { kind: 'config', key: 'topic' });
}

describe('validation of a source', () => {
  it.each(sources)('%s', (_what, more, keys) => {
    expect(refused(fileSource, { ...source, ...more })).toEqual(keys.toSorted());
  });

  it('refuses exactly-once where the connector cannot', () => {
    const config = { ...source, 'exactly.once.support': 'required', 'millrace.delivery': 'exactly-once' };
    expect(refused({ ...fileSource, exactlyOnce: false }, config)).toEqual([
      'exactly.once.support',
      'millrace.delivery',
    ]);
    expect(refused(fileSource, config)).toEqual([]);
  });

  it('names keys that nothing here reads where they are set to something of their own', () => {
    const own = { ...source, 'transaction.boundary.interval.ms': '5', 'tasks.max.enforce': 'true' };
    const { inert, unknown, errors } = validateConfig(fileSource, own, catalog);
    expect([inert, unknown, errors]).toEqual([['transaction.boundary.interval.ms'], [], []]);
  });

  it('names unknown keys that look like no other', () => {
    const { unknown, errors } = validateConfig(fileSource, { ...source, team: 'data' }, catalog);
    expect([unknown, errors]).toEqual([['team'], []]);
  });

  it('accepts settings of Kafka clients, and names those that change nothing apart from other keys', () => {
    const own = { ...source, 'producer.override.max.request.size': '5', 'sasl.mechanism': 'PLAIN', team: 'data' };
    const { client, unknown, inert, errors } = validateConfig(fileSource, own, catalog);
    expect(client).toEqual(['producer.override.max.request.size', 'sasl.mechanism']);
    expect([unknown, inert, errors]).toEqual([['team'], [], []]);
  });

  it('lets a connector declare a shared key its own way', () => {
    const own = optionSet('own', {
      'tasks.max': option.int({ doc: 'Own.', default: 1, maximum: 2 }),
      topic: option.string({ doc: 'T.' }),
    });
    expect(refused({ ...fileSource, options: own }, { ...source, 'tasks.max': '3' })).toEqual(['tasks.max']);
    expect(
      validateConfig({ ...fileSource, options: own }, { ...source, 'tasks.max': '3' }, catalog).errors,
    ).toHaveLength(1);
  });

  it('takes what a connector throws of its own as a refusal, and names the key', () => {
    const validate = refuseTopic;
    expect(refused({ ...fileSource, validate }, source)).toEqual(['topic']);
  });
});

describe('validation of a sink', () => {
  it.each(sinks)('%s', (_what, more, keys) => {
    expect(refused(fileSink, { ...sink, ...more })).toEqual(keys.toSorted());
  });
});

describe('the answers', () => {
  it('number options within their group, and hide passwords', () => {
    const keys = configKeys([sourceOptions, fileSource.options]);
    expect(keys.find(({ name }) => name === 'connector.class')).toMatchObject({
      group: 'Common',
      order_in_group: 2,
      required: true,
      default_value: null,
    });
    const infos = configInfos('x', [fileSource.options], { 'file.password': 'hush', topic: 't' }, []);
    expect(JSON.stringify(infos)).not.toContain('hush');
    expect(infos.configs.find(({ value }) => value.name === 'batch.size')?.value.value).toBe('2000');
  });

  it('add keys that are not declared where an error names them', () => {
    const error = { key: 'transforms.x.type', message: 'Missing', reason: 'missing' } as const;
    const infos = configInfos('x', [fileSource.options], {}, [error]);
    expect(infos.error_count).toBe(1);
    expect(infos.configs.at(-1)?.value).toMatchObject({ name: 'transforms.x.type', errors: ['Missing'] });
  });
});
