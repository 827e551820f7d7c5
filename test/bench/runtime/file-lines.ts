/**
 * A file of 200-byte lines through FileStreamSource into the hub, the same connector and configuration
 * in millrace and, where its jars are, in Kafka Connect with a broker beside it.
 *
 *     npm run build && KAFKA_LIBS=dir-of-jars FILE_PLUGIN=dir node test/bench/runtime/file-lines.ts [lines]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { cpuSeconds, ProcessMeter, statusMib } from '../process-meter.ts';
import { BenchWorker, secondsFor } from './worker.ts';

const [lines = '1000000'] = process.argv.slice(2);
const count = Number(lines);
const TOPIC = 'lines';
const folder = mkdtempSync(join(tmpdir(), 'mr-lines-'));
const file = join(folder, 'lines.txt');
const line = (n: number): string => `${String(n).padStart(12, '0')} ${'abcdefghij'.repeat(19).slice(0, 186)}`;

const config = {
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  'tasks.max': '1',
  file,
  topic: TOPIC,
  'batch.size': '2000',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
};

async function millrace(): Promise<void> {
  const worker = await BenchWorker.start();
  try {
    const meter = new ProcessMeter(worker.pid);
    await worker.create('lines', config);
    const hub = await openHubForReading({ path: join(worker.folder, 'hub'), env });
    const of = { topic: TOPIC, partition: 0 };
    const seconds = await secondsFor(count, async () =>
      (await hub.admin.describe(TOPIC)) === null ? 0 : Number((await hub.admin.offsets(of)).latest),
    );
    await hub.close();
    say('millrace', seconds, meter.stop());
  } finally {
    await worker.stop();
  }
}

async function connect(libs: string, plugin: string): Promise<void> {
  const running: ChildProcess[] = [];
  const java = (main: string, ...args: string[]): ChildProcess => {
    const child = spawn('java', ['-Xmx1g', '-XX:+UseG1GC', '-cp', `${libs}/*`, main, ...args], { stdio: 'ignore' });
    running.push(child);
    return child;
  };
  try {
    await broker(java);
    const worker = java('org.apache.kafka.connect.cli.ConnectDistributed', workerFile(plugin));
    const pid = worker.pid ?? 0;
    while (
      !(await fetch('http://127.0.0.1:38083/health').then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await sleep(200);
    const before = cpuSeconds(pid);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'lines', config });
    await fetch('http://127.0.0.1:38083/connectors', { method: 'POST', headers, body });
    const kafka = new Kafka({ brokers: ['127.0.0.1:39092'], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const seconds = await secondsFor(count, async () => {
      const offsets = await admin.fetchTopicOffsets(TOPIC).catch(() => []);
      return offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
    });
    await admin.disconnect();
    const figures = {
      cpuSeconds: cpuSeconds(pid) - before,
      peakAnonymousMib: Math.round(statusMib(pid, 'RssAnon')),
      peakResidentMib: Math.round(statusMib(pid, 'VmHWM')),
    };
    say('Kafka Connect (its worker alone, without the broker)', seconds, figures);
  } finally {
    for (const child of running.reverse()) {
      // The one that formatted the storage has ended long ago.
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
  }
}

async function broker(java: (main: string, ...args: string[]) => ChildProcess): Promise<void> {
  const logs = join(folder, 'broker');
  mkdirSync(logs);
  const properties = join(folder, 'server.properties');
  writeFileSync(
    properties,
    [
      'process.roles=broker,controller',
      'node.id=1',
      'controller.quorum.voters=1@127.0.0.1:39093',
      'listeners=PLAINTEXT://127.0.0.1:39092,CONTROLLER://127.0.0.1:39093',
      'advertised.listeners=PLAINTEXT://127.0.0.1:39092',
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      `log.dirs=${logs}`,
      'offsets.topic.replication.factor=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
    ].join('\n'),
  );
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url');
  const format = java('kafka.tools.StorageTool', 'format', '-t', id, '-c', properties);
  await new Promise((resolve) => format.once('exit', resolve));
  java('kafka.Kafka', properties);
}

function workerFile(plugin: string): string {
  const path = join(folder, 'connect.properties');
  const storage = ['config', 'offset', 'status'].flatMap((of) => [
    `${of}.storage.topic=connect-${of}s`,
    `${of}.storage.replication.factor=1`,
  ]);
  writeFileSync(
    path,
    [
      'bootstrap.servers=127.0.0.1:39092',
      'group.id=bench',
      'key.converter=org.apache.kafka.connect.json.JsonConverter',
      'value.converter=org.apache.kafka.connect.json.JsonConverter',
      'listeners=http://127.0.0.1:38083',
      `plugin.path=${plugin}`,
      ...storage,
    ].join('\n'),
  );
  return path;
}

function say(
  name: string,
  seconds: number,
  figures: { cpuSeconds: number; peakAnonymousMib: number; peakResidentMib: number },
): void {
  const perMillion = ((figures.cpuSeconds / count) * 1e6).toFixed(2);
  console.log(JSON.stringify({ name, linesPerSecond: Math.round(count / seconds), perMillion, ...figures }));
}

try {
  let text = '';
  for (let n = 0; n < count; n++) {
    text += `${line(n)}\n`;
    if (n % 100_000 !== 99_999) continue;
    writeFileSync(file, text, { flag: 'a' });
    text = '';
  }
  writeFileSync(file, text, { flag: 'a' });
  await millrace();
  const { KAFKA_LIBS: libs, FILE_PLUGIN: plugin } = process.env;
  if (libs === undefined || plugin === undefined)
    console.log('Kafka Connect left out: KAFKA_LIBS and FILE_PLUGIN are not set');
  else await connect(libs, plugin);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
