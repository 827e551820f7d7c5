import { describe, expect, it } from 'vitest';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';
import { ConfigGate } from '../../../runtime/cluster/config-gate.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { ConfigProviders } from '../../../runtime/settings/providers.ts';
import { memoryLog } from './test-worker.ts';

/** With all that something may split at, or that is wrong in a number, a pattern, a class. */
const SECRETS = {
  LIST: 'AlphaPiece, BetaPiece x;GammaPiece',
  COLONS: 'AlphaPiece:BetaPiece,GammaPiece:BetaPiece',
  REGEX: '[(AlphaPiece',
  QUOTED: "AlphaPiece = 'BetaPiece",
  NUMBER: '918273645',
  SMALL: '7',
  CASE: 'ASTRING',
};
const PIECES = /Alpha|Beta|Gamma|918273645|ASTRING/;

/** Without a redactor: what is not told needs not be hidden. */
const gate = new ConfigGate({
  env: realEnv,
  log: memoryLog([]),
  catalog: builtInCatalog,
  providers: new ConfigProviders(realEnv, SECRETS),
});

const transform = (type: string, more: RawConfig): RawConfig => ({
  transforms: 'r',
  'transforms.r.type': type,
  ...Object.fromEntries(Object.entries(more).map(([key, value]) => [`transforms.r.${key}`, value])),
});

const validate = (config: RawConfig) =>
  gate.validate('generator', { 'connector.class': 'generator', name: 'g', topic: 't', ...config });

describe('validation of values that came from a provider', () => {
  const places: ((variable: string) => RawConfig)[] = [
    (v) => ({ transforms: v }),
    (v) => ({ transforms: `a,${v}`, 'transforms.a.type': 'HoistField$Value' }),
    (v) => ({ predicates: v }),
    (v) => ({ 'tasks.max': v }),
    (v) => ({ topic: v }),
    (v) => ({ name: v }),
    (v) => ({ 'key.shape': v }),
    (v) => ({ 'errors.tolerance': v }),
    (v) => ({ 'topic.creation.groups': v, 'topic.creation.x.partitions': '1' }),
    (v) => ({ 'topic.creation.default.partitions': v }),
    (v) => ({ 'value.converter': v }),
    (v) => ({ 'value.converter': 'json', 'value.converter.schemas.enable': v }),
    (v) => ({ 'header.converter': v }),
    (v) => ({ 'millrace.delivery': v }),
    (v) => ({ 'some.key': v }),
    (v) => transform(v, {}),
    (v) => transform('RegexRouter', { regex: v, replacement: 'x' }),
    (v) => transform('RegexRouter', { regex: 'x', replacement: v }),
    (v) => transform('io.millrace.transforms.FilterWhere', { condition: v }),
    (v) => transform('io.millrace.transforms.FilterWhere', { condition: `value.x = ${v}` }),
    (v) => transform('Cast$Value', { spec: v }),
    (v) => transform('Cast$Value', { spec: `a:${v}` }),
    (v) => transform('ReplaceField$Value', { renames: v }),
    (v) => transform('ReplaceField$Value', { include: v, exclude: v }),
    (v) => transform('TimestampConverter$Value', { 'target.type': 'string', format: v }),
    (v) => transform('InsertField$Value', { 'static.field': v, 'static.value': 'x', predicate: v }),
    (v) => transform('ValueToKey', { fields: v }),
    (v) => transform('MaskField$Value', { fields: 'x', replacement: v }),
  ];
  const variables = Object.keys(SECRETS).flatMap((name) => [`\${env:${name}}`, `b,\${env:${name}}`]);

  it('never answers with a value or a piece of it, with nothing to hide them', async () => {
    for (const place of places) {
      for (const variable of variables) {
        const told = JSON.stringify(await validate(place(variable)));
        expect(PIECES.exec(told)?.[0], JSON.stringify(place(variable))).toBeUndefined();
      }
    }
  });

  it('tells the problem with the variable where its words are the same for all values', async () => {
    const errors = async (config: RawConfig) => (await validate(config)).configs.flatMap(({ value }) => value.errors);
    expect(await errors({ 'tasks.max': '${env:LIST}' })).toEqual([
      'Invalid value ${env:LIST} for configuration tasks.max: Not a number of type INT',
    ]);
    expect(await errors({ 'key.shape': '${env:CASE}' })).toEqual([
      'Invalid value ${env:CASE} for configuration key.shape: String must be one of: string, int, none',
    ]);
    expect(await errors({ transforms: '${env:LIST}' })).toEqual([
      'Invalid value ${env:LIST} for configuration transforms: what it stands for is not accepted',
    ]);
  });

  it('tells errors of other options as they are', async () => {
    const { configs } = await validate({ 'record.bytes': '${env:SMALL}', 'tasks.max': 'x', 'errors.tolerence': 'all' });
    const errors = configs.flatMap(({ value }) => value.errors);
    expect(errors).toContain('Invalid value x for configuration tasks.max: Not a number of type INT');
    expect(errors).toContain('Unknown configuration errors.tolerence. Did you mean errors.tolerance?');
  });

  it('says of an error that comes of a value beside it no more than which option is meant', async () => {
    const { configs } = await gate.validate('s3', {
      'connector.class': 's3',
      name: 's',
      topics: '${env:COLONS}',
      'store.url': 'file:///tmp/none',
      'flush.size': '1',
      'errors.deadletterqueue.topic.name': 'dead',
    });
    expect(JSON.stringify(configs)).not.toMatch(PIECES);
    expect(configs.find(({ value }) => value.name === 'topics')?.value.errors).toEqual([
      'Invalid value ${env:COLONS} for configuration topics: not a topic name',
    ]);
  });

  it('tells what a connector in another thread says of options beside, where it does not come of the value', async () => {
    const generator = await builtInCatalog.connector('generator');
    if (generator === null) throw new Error('there is no generator');
    const remote = {
      plan: async () => [],
      validate: async (config: RawConfig) => [
        { key: 'topic', message: 'topic must not be t' },
        { key: 'throughput', message: `throughput: too much for ${config['seed']}` },
      ],
    };
    const far = { ...generator, remote };
    const catalog = { ...builtInCatalog, connector: async () => far };
    const own = new ConfigGate({
      env: realEnv,
      log: memoryLog([]),
      catalog,
      providers: new ConfigProviders(realEnv, SECRETS),
    });
    const config = { 'connector.class': 'generator', name: 'g', topic: 't', throughput: '5', seed: '${env:NUMBER}' };
    const { configs } = await own.validate('generator', config);
    expect(configs.flatMap(({ value }) => value.errors)).toEqual([
      'topic must not be t',
      'Configuration throughput does not go with what is meant by the variables in seed',
    ]);
  });

  it('takes what is good', async () => {
    expect((await validate({ 'tasks.max': '${env:SMALL}' })).error_count).toBe(0);
  });
});
