import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { field, INT64, STRING, structOf } from '../../../runtime/record/schema-builder.ts';
import { sinkRecord } from '../../unit/connectors/s3/sink-records.ts';

const SCHEMA = structOf([field('n', INT64), field('text', STRING)]);

/** Record n of a topic: the same at every reading; times go up and down a little, over several hours. */
export function numberedRecord(n: number): SinkRecord {
  const text = 'x'.repeat((n * 7919) % 4000);
  const timestampMs = n * 4000 + ((n * 31) % 7) * 600_000;
  return sinkRecord({ offset: n, key: `k${n % 10}`, json: `{"n":${n},"text":"${text}"}`, timestampMs });
}

/** The same with a schema. */
export function typedRecord(n: number): SinkRecord {
  const { timestampMs } = numberedRecord(n);
  return sinkRecord({
    offset: n,
    timestampMs,
    valueDatum: { schema: SCHEMA, value: { n: BigInt(n), text: 'x'.repeat((n * 7919) % 4000) } },
  });
}
