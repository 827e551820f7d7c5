import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { DebeziumServer } from '../services/debezium.ts';
import { cpuSeconds, ProcessMeter, type ProcessFigures } from './process-meter.ts';

const POLL_MS = 50;

/** Debezium as fast as its options make it: large batches, a long queue, no waiting. */
export const TUNED = {
  'max.batch.size': '20480',
  'max.queue.size': '81920',
  'poll.interval.ms': '10',
  'snapshot.fetch.size': '20000',
  'producer.override.batch.size': '1048576',
  'producer.override.linger.ms': '5',
  'producer.override.buffer.memory': '134217728',
  'producer.override.compression.type': 'lz4',
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'key.converter.schemas.enable': 'false',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
} as const;

export interface PeerRun extends ProcessFigures {
  /** From the first record to the last, extrapolated to all. */
  readonly seconds: number;
  readonly brokerCpuSeconds: number;
}

export interface TopicEnds {
  end(topic: string): Promise<number>;
  close(): Promise<void>;
}

export async function topicEnds(broker: string): Promise<TopicEnds> {
  const admin = new Kafka({ brokers: [broker], clientId: 'bench', logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  return {
    end: async (topic) => {
      const partitions = await admin.fetchTopicOffsets(topic).catch(() => []);
      return partitions.reduce((sum, { high }) => sum + Number(high), 0);
    },
    close: () => admin.disconnect(),
  };
}

/** Measures Connect's process from `start` until so many records more are in the topic. */
export async function measurePeer(
  { connectPid, brokerPid }: DebeziumServer,
  ends: TopicEnds,
  topic: string,
  records: number,
  start: () => Promise<void>,
): Promise<PeerRun> {
  const before = await ends.end(topic);
  const brokerBefore = cpuSeconds(brokerPid);
  const meter = new ProcessMeter(connectPid);
  await start();
  let first = 0;
  while ((first = (await ends.end(topic)) - before) === 0) await sleep(POLL_MS);
  const begun = performance.now();
  while ((await ends.end(topic)) - before < records) await sleep(POLL_MS);
  const seconds = ((performance.now() - begun) / 1000) * (records / (records - first));
  return { ...meter.stop(), seconds, brokerCpuSeconds: cpuSeconds(brokerPid) - brokerBefore };
}
