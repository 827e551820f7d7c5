import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { silentLog } from '../../../runtime/app/silent-log.ts';
import { awsGate, type AwsGate } from '../../services/aws-verifier.ts';
import { useSearches } from '../../services/use-searches.ts';
import { SearchProbe } from './search-probe.ts';
import { SearchTask } from './search-task.ts';

const found = await useSearches(['opensearch']);
const KEYS = {
  id: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'eu-west-1',
  service: 'es',
};

/** AWS itself cannot be reached from tests: an independent check of the signatures stands in for it. */
describe.skipIf(found.length === 0).each(found)('$name behind a gate that checks AWS signatures', (server) => {
  let gate: AwsGate;
  beforeAll(async () => {
    gate = await awsGate(server.url, KEYS);
  });
  afterAll(() => gate.close());

  const config = (more: RawConfig = {}): RawConfig => ({
    'connection.url': gate.url,
    'aws.region': KEYS.region,
    'aws.access.key.id': KEYS.id,
    'aws.secret.access.key': KEYS.secret,
    ...more,
  });

  test('takes bulks, index names that need encoding, and questions with parameters', async () => {
    const name = `signed-${process.pid}.Ünï+code%20é`;
    const index = name.toLowerCase();
    const task = await SearchTask.open(config(), { name });
    try {
      await task.write(
        [0, 1, 2].map((offset) => ({ topic: name, offset, key: `ключ ${offset}`, json: `{"n":"é${offset}"}` })),
      );
      await task.until(name, 3n);
    } finally {
      await task.close();
    }
    const probe = new SearchProbe(server.url);
    expect(await probe.documents(encodeURIComponent(index))).toHaveLength(3);
    await probe.remove(encodeURIComponent(index));
    expect(gate.passed).toBeGreaterThan(3);
    expect(gate.refused).toBe(0);
  });

  test.each([
    ['aws.secret.access.key', 'another'],
    ['aws.access.key.id', 'AKIDANOTHER'],
    ['aws.region', 'us-east-1'],
    ['aws.service.signing.name', 'aoss'],
  ])('says what to correct where the signature is refused: another %s', async (key, value) => {
    const call = {
      name: 'search',
      config: config({ topics: 'a', [key]: value }),
      env,
      log: silentLog,
      signal: AbortSignal.timeout(20_000),
    };
    const failed = ((await elasticsearchSink.check?.(call)) ?? []).filter(({ ok }) => !ok);
    expect(failed).toMatchObject([{ code: 'ELASTICSEARCH_UNAUTHENTICATED', key: 'aws.access.key.id' }]);
    expect(failed[0]?.remedy).toContain(key);
    expect(JSON.stringify(failed)).not.toContain(KEYS.secret);
  });
});
