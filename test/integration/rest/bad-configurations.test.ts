import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConnector } from '../../../runtime/app/plugins/built-in-catalog.ts';
import { sinkOptions, sourceOptions } from '../../../runtime/connector/connector-options.ts';
import { goodConfigs, mutations, type Config } from './mutations.ts';
import { startLocalWorker, type LocalWorker } from './local-worker.ts';

let worker: LocalWorker;

beforeAll(async () => {
  worker = await startLocalWorker();
});

afterAll(() => worker.close());

const postgres: Config = {
  'connector.class': 'postgres',
  'database.hostname': 'db.invalid',
  'database.user': 'u',
  'database.password': 'p',
  'database.dbname': 'd',
  'topic.prefix': 'shop',
};

const s3: Config = {
  'connector.class': 's3',
  topics: 'orders',
  'store.url': 'file:///nowhere/archive',
  's3.bucket.name': 'b',
  'flush.size': '1000',
};

const generator: Config = { 'connector.class': 'generator', topic: 'made' };

const fileSource: Config = { 'connector.class': 'filestream-source', file: '/nowhere/in.txt', topic: 'lines' };

const fileSink: Config = { 'connector.class': 'filestream-sink', file: '/nowhere/out.txt', topics: 'lines' };

const blackhole: Config = { 'connector.class': 'blackhole', topics: 'lines' };

/** Values that need other options beside them, or that this version refuses by name. */
const REFUSED_ALONE = new Set([
  'plugin.name=decoderbufs',
  'snapshot.mode=configuration_based',
  'snapshot.mode=custom',
  's3.wan.mode=true',
  'behavior.on.null.values=write',
  'schema.compatibility=BACKWARD',
  'schema.compatibility=FORWARD',
  'schema.compatibility=FULL',
  'rotate.schedule.interval.ms=999',
]);

/** Kafka Connect's words for a missing connector.class. */
const NO_CLASS = 'contains no connector type';

const cases = [
  { className: 'postgres', base: postgres, shared: sourceOptions },
  { className: 's3', base: s3, shared: sinkOptions },
  { className: 'generator', base: generator, shared: sourceOptions },
  { className: 'filestream-source', base: fileSource, shared: sourceOptions },
  { className: 'filestream-sink', base: fileSink, shared: sinkOptions },
  { className: 'blackhole', base: blackhole, shared: sinkOptions },
];

let accepted = 0;
let refused = 0;

describe.each(cases)('configurations of $className', ({ className, base, shared }) => {
  it('accepts good ones, stopped, without network', async () => {
    const { options } = await loadConnector(className);
    const problems: string[] = [];
    for (const { key, value, config } of goodConfigs(base, options)) {
      const answer = await worker.request('POST', '/connectors', { name: 'good', config, initial_state: 'STOPPED' });
      if (answer.status === 201) {
        accepted++;
        expect((await worker.request('DELETE', '/connectors/good')).status).toBe(204);
      } else if (REFUSED_ALONE.has(`${key}=${value}`) && answer.status === 400 && answer.text.includes(key)) refused++;
      else problems.push(`${key}=${value}: ${answer.text}`);
    }
    expect(problems).toEqual([]);
  });

  it('refuses each with one thing wrong, names that key, and stores nothing', async () => {
    const connector = await loadConnector(className);
    const problems: string[] = [];
    for (const { key, what, config } of mutations(connector, base, shared)) {
      const answer = await worker.request('POST', '/connectors', { name: 'bad', config });
      const { message } = answer.body as { message: string };
      if (answer.status === 400 && (message.includes(key) || message.endsWith(NO_CLASS))) refused++;
      else problems.push(`${key} (${what}): ${answer.status} ${answer.text}`);
    }
    expect(problems).toEqual([]);
    expect((await worker.request('GET', '/connectors')).body).toEqual([]);
  });
});

it('answers 201 or 400 to any values of any declared options, and an error names a key', async () => {
  const connectors = await Promise.all(
    cases.map(async (one) => ({ ...one, connector: await loadConnector(one.className) })),
  );
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '',
      ' ',
      ',',
      'true',
      '0',
      '-1',
      '9'.repeat(30),
      '1e3',
      '[',
      '(a+)+$',
      '${env:HOME}',
      '${',
      'a,b,,c',
      '..',
      'null',
    ),
  );
  const configs = fc.constantFrom(...connectors).chain(({ connector, base, shared }) => {
    const keys = [...Object.keys(connector.options.schema.properties), ...Object.keys(shared.schema.properties)];
    return fc.dictionary(fc.constantFrom(...keys), texts, { maxKeys: 4 }).map((more) => ({ ...base, ...more }));
  });
  await fc.assert(
    fc.asyncProperty(configs, async (config) => {
      const { name: _name, ...rest } = config as Config;
      const answer = await worker.request('POST', '/connectors', {
        name: 'any',
        config: rest,
        initial_state: 'STOPPED',
      });
      expect([201, 400]).toContain(answer.status);
      if (answer.status === 201) expect((await worker.request('DELETE', '/connectors/any')).status).toBe(204);
    }),
    { numRuns: 400 },
  );
});

it('has tried at least 100 good and 1,000 bad ones, and none ended in an unexpected error', () => {
  expect(accepted).toBeGreaterThanOrEqual(100);
  expect(refused).toBeGreaterThanOrEqual(1000);
  expect(worker.lines.filter(({ level }) => level === 'error')).toEqual([]);
  expect(worker.failures).toEqual([]);
});
