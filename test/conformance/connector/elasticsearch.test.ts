import { describe, test } from 'vitest';
import { elasticsearchSink } from '../../../connectors/elasticsearch/connector.ts';
import { sinkConformance } from '../../../runtime/connector/conformance/sink-conformance.ts';
import type { SinkDriver } from '../../../runtime/connector/conformance/sink-driver.ts';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { field, INT64, structOf } from '../../../runtime/record/schema-builder.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { SearchProbe } from '../../integration/elasticsearch/search-probe.ts';
import type { SearchServer } from '../../services/elasticsearch.ts';
import { useSearches } from '../../services/use-searches.ts';

const found = await useSearches();

const SCHEMA = structOf([field('n', INT64)]);
let folders = 0;

const plain = (n: number) => ({ datum: { schema: SCHEMA, value: { n: BigInt(n) } }, raw: Buffer.from(`{"n":${n}}`) });

/** A change event: its row is the document. */
function event(n: number) {
  const value = new Map<Value, Value>([
    ['before', null],
    ['after', new Map<Value, Value>([['n', BigInt(n)]])],
    ['source', new Map<Value, Value>([['db', 'shop']])],
    ['op', 'c'],
  ]);
  const raw = Buffer.from(`{"before":null,"after":{"n":${n}},"source":{"db":"shop"},"op":"c"}`);
  return { datum: { schema: null, value }, raw };
}

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
        value: (n: number) => (more['millrace.unwrap'] === 'true' ? event(n) : plain(n)),
        config: { 'connection.url': server.url, ...more },
        contents: async () => (await probe.documents(topic)).map(({ source }) => Number(source['n'])),
        numberOf: (row) => Number(row.get('n')),
        tearDown: () => probe.removeBehind(topic),
      });
    },
  };
}

const SETTINGS: readonly (readonly [string, RawConfig])[] = [
  ['documents by key', {}],
  ['small bulks', { 'batch.size': '7' }],
  ['documents by place', { 'key.ignore': 'true' }],
  ['merged documents', { 'write.method': 'UPSERT' }],
  ['rows', { 'millrace.unwrap': 'true' }],
];
const cases = found.flatMap((server) => SETTINGS.map(([name, more]) => ({ on: server.name, name, server, more })));

describe.skipIf(cases.length === 0).each(cases)('the Elasticsearch sink conforms on $on: $name', ({ server, more }) => {
  for (const { name, run } of sinkConformance(driver(server, more))) test(name, run);
});
