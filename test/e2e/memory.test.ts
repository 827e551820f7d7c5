import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { realEnv } from '../../runtime/env/real.ts';
import { openHubForReading } from '../../runtime/hub/embedded/open.ts';
import { ProcessMeter } from '../bench/process-meter.ts';
import { hubPath, logLines, startWorker, type WorkerPlace } from '../chaos/harness/worker-place.ts';
import type { WorkerProcess } from './worker-process.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../services/postgres.ts';

const LIMIT_MIB = 512;
/** How long the sink gets no answer, in parts between which memory is compared. */
const STALL_SECONDS = 120;
const TOPICS = { many: 'mem.public.many', big: 'mem.public.big' } as const;

let server: PostgresServer;
let place: WorkerPlace;
let worker: WorkerProcess;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_wal_size: '8GB', logical_decoding_work_mem: '64MB' } });
  await server.sql(
    'create table many (id int primary key, note text); create table big (id int primary key, body text)',
  );
  const folder = mkdtempSync(join(tmpdir(), 'mr-memory-'));
  place = {
    folder,
    connectors: {
      mem: {
        'connector.class': 'postgres',
        ...databaseOptions(server),
        'topic.prefix': 'mem',
        'plugin.name': 'pgoutput',
        'publication.autocreate.mode': 'filtered',
        'table.include.list': 'public.many,public.big',
      },
    },
  };
  worker = startWorker(place);
  await untilStreaming();
});

afterAll(async () => {
  await worker.stop();
  await server.stop();
  rmSync(place.folder, { recursive: true, force: true });
});

async function untilStreaming(): Promise<void> {
  for (;;) {
    const rows = await server.sql('select 1 from pg_replication_slots where active');
    if (rows.length > 0) return;
    if (!worker.alive) throw new Error(JSON.stringify(logLines(place).at(-1)));
    await sleep(50);
  }
}

async function untilHeld(topic: string, records: number): Promise<void> {
  const hub = await openHubForReading({ path: hubPath(place), env: realEnv });
  try {
    for (;;) {
      const known = await hub.admin.describe(topic);
      const end = known === null ? 0n : (await hub.admin.offsets({ topic, partition: 0 }, 'read_committed')).latest;
      if (end >= BigInt(records)) return;
      await sleep(100);
    }
  } finally {
    await hub.close();
  }
}

test(`a transaction of a million rows stays within ${LIMIT_MIB} MiB`, async () => {
  const meter = new ProcessMeter(worker.pid);
  await server.sql(`insert into many select i, repeat('x', 100) from generate_series(1, 1000000) i`);
  await untilHeld(TOPICS.many, 1_000_000);
  const { peakAnonymousMib, peakResidentMib } = meter.stop();
  console.log(`1,000,000-row transaction: RssAnon ${peakAnonymousMib} MiB, VmHWM ${peakResidentMib} MiB`);
  expect(peakAnonymousMib).toBeLessThan(LIMIT_MIB);
});

test(`a row of 50 MB stays within ${LIMIT_MIB} MiB`, async () => {
  const meter = new ProcessMeter(worker.pid);
  await server.sql(`insert into big values (1, repeat('0123456789', 5000000))`);
  await untilHeld(TOPICS.big, 1);
  const { peakAnonymousMib, peakResidentMib } = meter.stop();
  console.log(`50-MB row: RssAnon ${peakAnonymousMib} MiB, VmHWM ${peakResidentMib} MiB`);
  expect(peakAnonymousMib).toBeLessThan(LIMIT_MIB);
});

/** A store that takes connections and never answers. */
async function silentStore(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const store = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  return {
    port: (store.address() as AddressInfo).port,
    close() {
      for (const socket of sockets) socket.destroy();
      store.close();
    },
  };
}

test(`memory stays flat while a sink gets no answer for ${STALL_SECONDS} s and the source goes on`, async () => {
  const store = await silentStore();
  await worker.stop();
  const stalled: WorkerPlace = {
    ...place,
    connectors: {
      ...place.connectors,
      stalled: {
        'connector.class': 's3',
        topics: TOPICS.many,
        'store.url': `http://127.0.0.1:${store.port}`,
        's3.bucket.name': 'nowhere',
        'aws.access.key.id': 'a',
        'aws.secret.access.key': 'b',
        'format.class': 'json',
        'flush.size': '100',
      },
    },
  };
  worker = startWorker(stalled);
  await untilStreaming();
  const writing = new AbortController();
  const writer = (async () => {
    while (!writing.signal.aborted) {
      await server.sql(`update many set note = repeat('y', 100) where id between 1 and 20000`);
    }
  })();
  const parts: number[] = [];
  for (let part = 0; part < 4; part++) {
    const meter = new ProcessMeter(worker.pid);
    await sleep((STALL_SECONDS / 4) * 1000);
    parts.push(meter.stop().peakAnonymousMib);
  }
  writing.abort();
  await writer;
  store.close();
  console.log(`sink stalled, RssAnon per ${STALL_SECONDS / 4} s: ${parts.join(', ')} MiB`);
  expect(parts.at(-1)).toBeLessThan((parts[1] ?? 0) + 50);
  expect(Math.max(...parts)).toBeLessThan(LIMIT_MIB);
});
