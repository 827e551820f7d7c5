import { describe, test } from 'vitest';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import { sinkConformance } from '../../../runtime/connector/conformance/sink-conformance.ts';
import type { SinkDriver } from '../../../runtime/connector/conformance/sink-driver.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { field, INT64, structOf } from '../../../runtime/record/schema-builder.ts';
import { SearchProbe } from '../../integration/elasticsearch/search-probe.ts';
import type { SearchServer } from '../../services/elasticsearch.ts';
import { useSearches } from '../../services/use-searches.ts';

const found = await useSearches();

const SCHEMA = structOf([field('n', INT64)]);
let folders = 0;

function driver(server: SearchServer, more: RawConfig): SinkDriver {
  return {
    connector: elasticsearchSink,
    env: realEnv,
    stepMs: 30_000,
    setUp() {
      const topic = `conform-${process.pid}-${folders++}`;
      const probe = new SearchProbe(server.url);
      return Promise.resolve({
        topic,
        value: (n: number) => ({ datum: { schema: SCHEMA, value: { n: BigInt(n) } }, raw: Buffer.from(`{"n":${n}}`) }),
        config: { 'connection.url': server.url, ...more },
        contents: async () => (await probe.documents(topic)).map(({ source }) => Number(source['n'])),
        tearDown: () => probe.remove(topic),
      });
    },
  };
}

const SETTINGS: readonly (readonly [string, RawConfig])[] = [
  ['documents by key', {}],
  ['small bulks', { 'batch.size': '7' }],
  ['documents by place', { 'key.ignore': 'true' }],
  ['merged documents', { 'write.method': 'UPSERT' }],
];
const cases = found.flatMap((server) => SETTINGS.map(([name, more]) => ({ on: server.name, name, server, more })));

describe.skipIf(cases.length === 0).each(cases)('the Elasticsearch sink conforms on $on: $name', ({ server, more }) => {
  for (const { name, run } of sinkConformance(driver(server, more))) test(name, run);
});
