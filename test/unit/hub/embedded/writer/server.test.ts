import { appendFile, chmod, copyFile, readdir, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { realEnv as env } from '../../../../../runtime/env/real.ts';
import { sealBatch } from '../../../../../runtime/hub/batch/seal-batch.ts';
import { Connection } from '../../../../../runtime/hub/embedded/client/connection.ts';
import { connectHub, openHub, openHubForReading, startHubServer } from '../../../../../runtime/hub/embedded/open.ts';
import { entryKey } from '../../../../../runtime/hub/embedded/store/key.ts';
import { Store } from '../../../../../runtime/hub/embedded/store/store.ts';
import { batchOf, never, readAll, recordsOf, values } from '../../../../conformance/hub/driver.ts';
import { openTestHub, scratch } from '../harness.ts';

describe('a new hub', () => {
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

  it('is its owner’s alone, whatever the umask: directory, files and socket', async () => {
    const path = `${await scratch()}/deep/hub`;
    const umask = process.umask(0);
    try {
      await openTestHub(path);
    } finally {
      process.umask(umask);
    }
    expect(await modeOf(path)).toBe(0o700);
    const names = await readdir(path);
    expect(names.map((name) => name.replace(/-.*/, '')).toSorted()).toEqual(['hub.mdb', 'hub.mdb', 'writer']);
    for (const name of names) expect(await modeOf(`${path}/${name}`)).toBe(0o600);
  });

  it('leaves the mode of a directory that is there', async () => {
    const path = await scratch();
    await chmod(path, 0o750);
    await openTestHub(path);
    expect(await modeOf(path)).toBe(0o750);
    expect(await modeOf(`${path}/hub.mdb`)).toBe(0o600);
  });
});

describe('a hub opened again', () => {
  it('has its identity, topics, records, offsets and epochs', async () => {
    const path = await scratch();
    const first = await openTestHub(path);
    await first.admin.createTopic('t', 2, { 'retention.ms': '-1' });
    const producer = await first.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf('a', 'b'));
    producer.addOffsets('g', [{ topic: 't', partition: 0, offset: 9n }]);
    await producer.commit();
    const described = await first.admin.describe('t');
    await first.close();
    const again = await openTestHub(path);
    expect(again.id).toBe(first.id);
    expect(await again.admin.describe('t')).toEqual(described);
    expect(values(await readAll(again, 't'))).toEqual(['a', 'b']);
    expect(await again.groups.offsets('g')).toMatchObject([{ offset: 9n }]);
    const zombie = await again.producer({ acks: 'all', transactionalId: 'tx' });
    await again.producer({ acks: 'all', transactionalId: 'tx' });
    zombie.begin();
    await expect(zombie.append('t', 0, batchOf('z'))).rejects.toMatchObject({ code: 'HUB_PRODUCER_FENCED' });
  });

  it('after a kill has aborted the transaction that was open, and nobody waits for it', async () => {
    const path = await scratch();
    const first = await openTestHub(path);
    await first.admin.createTopic('t', 1);
    const producer = await first.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf('open'));
    // What a kill at this moment leaves: a close would abort it in good order.
    const left = await scratch();
    await copyFile(`${path}/hub.mdb`, `${left}/hub.mdb`);
    const again = await openTestHub(left);
    const plain = await again.producer({ acks: 'all' });
    await plain.append('t', 0, batchOf('after'));
    expect(values(await readAll(again, 't'))).toEqual(['after']);
    expect(values(await readAll(again, 't', 0, 'read_uncommitted'))).toEqual(['open', 'after']);
  });

  it('has made the appends durable that were queued when it was closed', async () => {
    const path = await scratch();
    const hub = await openTestHub(path);
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 1 });
    const appends = ['a', 'b', 'c'].map((value) => producer.append('t', 0, batchOf(value)));
    await hub.close();
    await Promise.all(appends);
    expect(values(await readAll(await openTestHub(path), 't'))).toEqual(['a', 'b', 'c']);
  });

  it('refuses appends and reads after its end', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 'all' });
    const reader = await hub.reader({ isolation: 'read_committed' });
    reader.assign([{ topic: 't', partition: 0, offset: 0n }]);
    const waiting = reader.read(30_000, never);
    const closing = hub.close();
    await expect(waiting).rejects.toMatchObject({ code: 'HUB_CLOSED' });
    await closing;
    await expect(producer.append('t', 0, batchOf('a'))).rejects.toMatchObject({ code: 'HUB_CLOSED' });
    await expect(hub.producer({ acks: 'all' })).rejects.toMatchObject({ code: 'HUB_CLOSED' });
    await hub.close();
  });
});

describe('the directory', () => {
  it('has one writer, who is named', async () => {
    const path = await scratch();
    const hub = await openTestHub(path);
    const second = openHub({ path, env });
    await expect(second).rejects.toMatchObject({
      code: 'HUB_IN_USE',
      message: expect.stringContaining(`${process.pid}`),
    });
    await expect(second).rejects.toThrow(path);
    await hub.close();
    await openTestHub(path);
  });

  it('is refused where the format is of another version', async () => {
    const path = await scratch();
    await (await openTestHub(path)).close();
    const store = new Store(path);
    store.commit(true, () => store.putIdentity({ format: 99, hubId: 'x' }));
    await store.close();
    await expect(openHub({ path, env })).rejects.toMatchObject({
      code: 'HUB_FORMAT',
      message: expect.stringContaining('99'),
    });
    await expect(openHubForReading({ path, env })).rejects.toMatchObject({ code: 'HUB_FORMAT' });
  });

  it('is refused where the file is something else', async () => {
    const path = await scratch();
    await writeFile(`${path}/hub.mdb`, Buffer.alloc(100_000, 'not a hub'));
    await expect(openHub({ path, env })).rejects.toMatchObject({ code: 'HUB_FORMAT' });
  });

  it('is none yet where the file is empty: read as missing, and born by a writer', async () => {
    const path = await scratch();
    await writeFile(`${path}/hub.mdb`, '');
    await expect(openHubForReading({ path, env })).rejects.toMatchObject({ code: 'HUB_MISSING' });
    await openTestHub(path);
    expect((await readdir(path)).filter((name) => name.includes('new'))).toEqual([]);
  });

  it('that holds no hub is not made one by reading', async () => {
    const path = await scratch();
    await expect(openHubForReading({ path, env })).rejects.toMatchObject({ code: 'HUB_MISSING' });
    await appendFile(`${path}/other`, '');
  });
});

describe('stored batches', () => {
  it('are checked on every read', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 'all' });
    await producer.append('t', 0, batchOf('precious'));
    const { store } = hub.server;
    const key = entryKey(
      store.read(() => 0),
      0,
    );
    const bytes = Buffer.from(store.read(() => store.log.get(key)) ?? []);
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    store.commit(true, () => void store.log.put(key, bytes));
    await expect(readAll(hub, 't')).rejects.toMatchObject({ code: 'BATCH_CHECKSUM', kind: 'corrupt' });
  });

  it('that were damaged on their way to the writer are refused', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    const connection = new Connection(hub.server.connectLocal(), env);
    const { producerId, epoch } = await connection.ask('initProducer', { transactionalId: null, timeoutMs: 1000 });
    const batch = batchOf('precious');
    sealBatch(batch, { producerId: BigInt(producerId), epoch, baseSequence: 0, transactional: false });
    batch[batch.length - 3] = (batch.at(-3) ?? 0) ^ 1;
    const ask = { producerId, topic: 't', partition: 0, acks: 'all', window: 0, batch } as const;
    await expect(connection.ask('append', ask)).rejects.toMatchObject({ code: 'BATCH_CHECKSUM', kind: 'corrupt' });
    expect(await readAll(hub, 't')).toEqual([]);
    connection.close();
  });
});

describe('a server', () => {
  it('tells what it holds and does', async () => {
    const path = await scratch();
    const server = await startHubServer({ path, env });
    const hub = await connectHub(server.connect(), { path, env });
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
    producer.begin();
    await producer.append('t', 0, batchOf('a'));
    expect(await hub.stats()).toMatchObject({
      openTransactions: 1,
      appendedBatches: 1,
      clients: 1,
      diskFull: false,
      partitions: [{ topic: 't', partition: 0, start: 0, end: 1, lastStable: 0 }],
    });
    await hub.close();
    await server.close();
  });

  it('writes nothing for a transaction that begins and ends in one group commit', async () => {
    const hub = await openTestHub(await scratch());
    await hub.admin.createTopic('t', 1);
    const producer = await hub.producer({ acks: 'all', transactionalId: 'tx' });
    const before = hub.server.stats().commits;
    producer.begin();
    void producer.append('t', 0, batchOf('a'));
    await producer.commit();
    expect(hub.server.stats().commits).toBe(before + 1);
    const reader = await hub.reader({ isolation: 'read_committed' });
    reader.assign([{ topic: 't', partition: 0, offset: 0n }]);
    expect(recordsOf(await reader.read(1000, never))).toHaveLength(1);
  });
});
