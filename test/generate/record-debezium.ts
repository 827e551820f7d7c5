import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import type { RecordText } from '../integration/change/debezium-records.ts';
import { debeziumRecords } from '../integration/change/debezium-records.ts';
import { runScript } from '../integration/mysql/run-script.ts';
import { startDebezium, type DebeziumServer } from '../services/debezium.ts';
import { startMysql } from '../services/mysql.ts';

/*
 * Records test/fixtures/debezium-mysql from a live Debezium: `node test/generate/record-debezium.ts`. Needs Maven and a JDK 17.
 */
const FOLDER = 'debezium-mysql';
const CONFIGURATIONS = ['connector.json', 'connector-alt.json'];
/** Nothing has come for so long: it is over. */
const QUIET_MS = 5000;

const { fixture } = debeziumRecords({ folder: FOLDER, volatile: [], transactionId: (id) => id });

/** All records of the topics with these prefixes, by topic, until nothing comes any more. */
async function drain(broker: string, topics: readonly string[]): Promise<RecordText[]> {
  const kafka = new Kafka({ brokers: [broker], clientId: 'record', logLevel: logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: `record-${performance.now()}` });
  const records: RecordText[] = [];
  let last = performance.now();
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    eachMessage: ({ topic, message }) => {
      last = performance.now();
      records.push({
        topic,
        key: message.key?.toString() ?? null,
        headers: Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)] as const),
        value: message.value?.toString() ?? null,
      });
      return Promise.resolve();
    },
  });
  while (performance.now() - last < QUIET_MS) await sleep(100);
  await consumer.disconnect();
  return records.toSorted((a, b) => (a.topic < b.topic ? -1 : Number(a.topic > b.topic)));
}

async function topicsOf(broker: string, prefixes: readonly string[]): Promise<string[]> {
  const admin = new Kafka({ brokers: [broker], clientId: 'record', logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics.filter((topic) => prefixes.some((prefix) => topic === prefix || topic.startsWith(`${prefix}.`)));
}

async function running(debezium: DebeziumServer, name: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const state = await debezium.state(name);
    if (state === 'RUNNING') return;
    if (state.startsWith('FAILED')) throw new Error(state);
    await sleep(200);
  }
  throw new Error(`${name} does not run`);
}

const server = await startMysql('mysql-8.0');
if ('missing' in server) throw new Error(server.missing);
const debezium = await startDebezium();
try {
  await runScript(server, fixture('1-schema.sql'));
  const prefixes: string[] = [];
  for (const file of CONFIGURATIONS) {
    const { name, config } = JSON.parse(fixture(file)) as { name: string; config: Record<string, string> };
    prefixes.push(name);
    await debezium.create(name, { ...config, 'database.port': String(server.port) });
    await running(debezium, name);
  }
  await drain(debezium.broker, await topicsOf(debezium.broker, prefixes));
  await sleep(QUIET_MS);
  await runScript(server, fixture('2-changes.sql'));
  await sleep(QUIET_MS);
  const records = await drain(debezium.broker, await topicsOf(debezium.broker, prefixes));
  for (const name of prefixes) await running(debezium, name);
  const path = fileURLToPath(new URL(`../fixtures/${FOLDER}/records.jsonl`, import.meta.url));
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  console.log(`${records.length} records`);
} finally {
  await debezium.stop();
  await server.stop();
}
