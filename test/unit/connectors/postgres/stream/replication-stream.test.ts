import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Connection } from '../../../../../connectors/postgres/connection.ts';
import { StreamPosition, type StoredOffset } from '../../../../../connectors/postgres/offset.ts';
import type { TableRows } from '../../../../../connectors/postgres/row/table-rows.ts';
import { ReplicationStream } from '../../../../../connectors/postgres/stream/replication-stream.ts';
import type { StreamHooks } from '../../../../../connectors/postgres/stream/stream-hooks.ts';
import type { TaskContext } from '../../../../../runtime/connector/context.ts';
import type { SourceBatch } from '../../../../../runtime/connector/source.ts';
import type { Env } from '../../../../../runtime/env/env.ts';
import { realEnv } from '../../../../../runtime/env/real.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import { RowBlock } from '../../../../../runtime/record/row-block.ts';
import { write } from './pgoutput-writer.ts';
import { relation, rows } from './sample-table.ts';

const TIME_US = 1_700_000_000_000_000n;
const COPY_BOTH = Buffer.from([0x57, 0, 0, 0, 7, 0, 0, 0]);
const COPY_DATA = 0x64;
/** ErrorResponse: the slot is in use. */
const REFUSED = errorResponse('SERROR', 'C55006', 'Mreplication slot is active');
const NOTHING = Buffer.alloc(0);
const identity = { systemId: '1', timeline: 1, slot: 's' };
const start: StoredOffset = { place: { flushLsn: 100n, commitLsn: 100n, index: 0 }, identity, eventLsn: undefined };

const quiet = (): void => undefined;

function errorResponse(...fields: readonly string[]): Buffer {
  const body = Buffer.from(`${fields.join('\0')}\0\0`);
  const head = Buffer.alloc(5);
  head[0] = 0x45;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** A connection whose server is the test. */
class Wire {
  readonly socket = Object.assign(new Duplex({ read: quiet, write: (_chunk, _encoding, done) => done() }), {
    destroySoon: () => void this.socket.destroy(),
  });
  readonly connection = new Connection(
    Object.assign(new EventEmitter(), { connection: { stream: this.socket } }) as unknown as pg.Client,
  );

  send(...frames: readonly Buffer[]): void {
    this.socket.emit('data', Buffer.concat(frames));
  }

  cut(): void {
    this.socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
  }
}

/** Transactions one after the other; each insert, and the table's description before it where the key begins with '+'. */
const history = [['+a', 'b'], ['c', 'd', '+e', 'f'], ['g'], ['h', 'i']];
const keys = history.flat().map((key) => key.replace('+', ''));

/** What the server sends from a place on: whole transactions, and the description before the first row. */
function sent(from: bigint): Buffer[] {
  let described = false;
  return history.flatMap((list, i) => {
    const base = 1000n * BigInt(i + 1);
    const commitLsn = base + 500n;
    const endLsn = base + 510n;
    if (commitLsn < from) return [];
    const events = list.flatMap((mark, n) => {
      const announced = mark.startsWith('+') || !described;
      described = true;
      const row = write.xlog(base + BigInt(n + 1), write.insert(9, [mark.replace('+', ''), 'v']));
      return announced ? [write.xlog(0n, write.relation(relation)), row] : [row];
    });
    return [
      write.xlog(base, write.begin(commitLsn, TIME_US, i + 1)),
      ...events,
      write.xlog(endLsn, write.commit(commitLsn, endLsn, TIME_US)),
    ];
  });
}

const context: TaskContext = {
  connector: 'test',
  task: 0,
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  stage: quiet,
  info: quiet,
  idle: quiet,
  gauge: quiet,
  warning: quiet,
};

const env: Env = {
  ...realEnv,
  timers: {
    ...realEnv.timers,
    sleep: () => Promise.resolve(),
    after: () => ({ cancel: quiet }),
    every: () => ({ cancel: quiet }),
  },
};

/** Lets everything happen that needs nothing from outside. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await realEnv.timers.yield();
}

interface Attempt {
  readonly from: StoredOffset;
  /** Lets the connection be ready, and answers START_REPLICATION. */
  readonly ready: (answer?: Buffer) => Promise<Wire>;
  readonly release: () => void;
}

let attempts: Attempt[];
/** Questions to the catalogue that are not answered yet; undefined: each is answered at once. */
let questions: (() => void)[] | undefined;
let seen: string[];
let positions: StreamPosition[];
let stream: ReplicationStream;
let reading: Promise<unknown>;

function make(hooks?: StreamHooks): ReplicationStream {
  const settings = { partition: {}, statusIntervalMs: 1000, maxRetries: -1, retryWaitMs: 1, announce: false };
  const prepare = async (from: StoredOffset) => {
    const prepared = Promise.withResolvers<void>();
    const wire = new Wire();
    const ready = async (answer: Buffer = COPY_BOTH) => {
      prepared.resolve();
      await settle();
      wire.send(answer);
      await settle();
      return wire;
    };
    attempts.push({ from, ready, release: prepared.resolve });
    await prepared.promise;
    return { connection: wire.connection, identity, command: 'START_REPLICATION', senderTimeoutMs: 0 };
  };
  const resolve = (): Promise<TableRows> => {
    const asked = questions;
    if (asked === undefined) return Promise.resolve(rows);
    return new Promise((answer) => void asked.push(() => answer(rows)));
  };
  const options = { tables: { resolve }, skipUnchanged: false, ...(hooks === undefined ? {} : { hooks }) };
  return new ReplicationStream(settings, { env, context, prepare }, options, start);
}

function take(batch: SourceBatch): void {
  const { records } = batch;
  if (records instanceof RowBlock) {
    for (let row = 0; row < records.count; row++) {
      const { key } = records.layout(row);
      if (key !== null) seen.push((records.value(row, key) as { k: string }).k);
    }
  }
  for (const { position } of batch.progress ?? []) if (position instanceof StreamPosition) positions.push(position);
  batch.release?.();
}

/** Opens the stream, and reads it to its end. */
async function open(hooks?: StreamHooks): Promise<Wire> {
  stream = make(hooks);
  const opened = stream.open(start, new AbortController().signal);
  await settle();
  const wire = await attempt(1).ready();
  await opened;
  const read = async (): Promise<void> => {
    for (;;) take(await stream.read(new AbortController().signal));
  };
  reading = read().catch((error: unknown) => error);
  return wire;
}

function attempt(number: number): Attempt {
  const found = attempts[number - 1];
  if (found === undefined) throw new Error(`connection ${number} was not asked for`);
  return found;
}

/** The server of the n-th connection sends from where it was asked to. */
async function serve(number: number, to?: number): Promise<Wire> {
  const wire = await attempt(number).ready();
  wire.send(...sent(attempt(number).from.place.flushLsn).slice(0, to));
  await settle();
  return wire;
}

async function answer(asked: (() => void)[]): Promise<void> {
  for (const each of asked.splice(0)) each();
  await settle();
}

/** The catalogue answers a session that is over. */
async function answerInVain(asked: (() => void)[]): Promise<void> {
  const { place } = stream.figures;
  await answer(asked);
  expect(stream.figures.place).toEqual(place);
}

/** No position goes back, and each is of one place. */
function expectWholePlaces(): void {
  for (const [at, { flushLsn, commitLsn, index, last }] of positions.entries()) {
    const before = positions[at - 1];
    if (before !== undefined) expect([commitLsn, index] >= [before.commitLsn, before.index]).toBe(true);
    expect(commitLsn).toBeGreaterThanOrEqual(flushLsn);
    if (index === 0) continue;
    expect(commitLsn / 1000n).toBe((last?.lsn ?? 0n) / 1000n);
    expect(Number(commitLsn / 1000n)).toBe(last?.xid);
    expect(Number((last?.lsn ?? 0n) % 1000n)).toBe(index - 1);
  }
}

/** A first session that waits for the catalogue before `e`, with all that follows behind it, and is cut. */
async function cutWhileAsking(): Promise<(() => void)[]> {
  const wire = await open();
  const frames = sent(100n);
  const asking = frames.findLastIndex((frame) => frame.equals(write.xlog(0n, write.relation(relation))));
  wire.send(...frames.slice(0, asking));
  await settle();
  const asked: (() => void)[] = [];
  questions = asked;
  wire.send(...frames.slice(asking));
  await settle();
  expect(asked).toHaveLength(1);
  questions = undefined;
  wire.cut();
  await settle();
  return asked;
}

beforeEach(() => {
  attempts = [];
  questions = undefined;
  seen = [];
  positions = [];
});

afterEach(async () => {
  const closed = stream.close();
  for (const { release } of attempts) release();
  await closed;
  expect(await reading).toMatchObject({ code: 'POSTGRES_STREAM_CLOSED' });
});

describe('a session that is cut while the catalogue is asked', () => {
  test('gives nothing more, though the catalogue answers before the next one starts', async () => {
    const asked = await cutWhileAsking();
    expect(attempts).toHaveLength(2);
    await answerInVain(asked);
    await serve(2);
    expect(seen).toEqual(keys);
    expectWholePlaces();
  });

  test('gives nothing more, though the catalogue answers after the next one started', async () => {
    const asked = await cutWhileAsking();
    const second: (() => void)[] = [];
    questions = second;
    await serve(2);
    expect(second).toHaveLength(1);
    await answerInVain(asked);
    questions = undefined;
    await answer(second);
    expect(seen).toEqual(keys);
    expectWholePlaces();
  });

  test('and cut again while the next one asks, resumes at one place', async () => {
    const asked = await cutWhileAsking();
    await answerInVain(asked);
    const second: (() => void)[] = [];
    questions = second;
    const wire = await serve(2);
    wire.cut();
    await settle();
    await answerInVain(second);
    questions = undefined;
    expect(attempt(3).from).toEqual(attempt(2).from);
    await serve(3);
    expect(seen).toEqual(keys);
    expectWholePlaces();
  });
});

describe('a session that is lost', () => {
  test('at any message is followed by one that loses and repeats nothing', async () => {
    let number = 1;
    let wire = await open();
    for (let to = 1; to <= sent(100n).length; to++) {
      const { from } = attempt(number);
      wire.send(...sent(from.place.flushLsn).slice(0, to));
      await settle();
      wire.cut();
      await settle();
      wire = await attempt(++number).ready();
    }
    wire.send(...sent(attempt(number).from.place.flushLsn));
    await settle();
    expect(seen).toEqual(keys);
    expectWholePlaces();
  });

  test('because a row could not be read has that row come again', async () => {
    let failures = 0;
    const hooks: StreamHooks = {
      watchingRows: true,
      onRow: ({ block, after }) => {
        const at = block.cells[after * 2] ?? 0;
        if (block.arena[at] !== 'd'.charCodeAt(0) || failures++ > 0) return true;
        throw new MillraceError('TEST_AWAY', 'away', { kind: 'unavailable' });
      },
      onTruncate: () => true,
      onRelation: quiet,
      onUncaptured: quiet,
      onMessage: () => undefined,
      annotation: () => undefined,
      onBegin: quiet,
      onCommit: quiet,
    };
    const wire = await open(hooks);
    wire.send(...sent(100n));
    await settle();
    expect(failures).toBe(1);
    await serve(2);
    expect(seen).toEqual(keys);
    expectWholePlaces();
  });

  test('by a broken frame leaves the bytes of the rows before it alone', async () => {
    const wire = await open();
    wire.send(...sent(100n).slice(0, 4), Buffer.from([COPY_DATA, 0xff, 0xff, 0xff, 0xff]));
    await settle();
    await serve(2);
    expect(seen).toEqual(keys);
  });
});

describe('a connection', () => {
  test('that is ready after the stream was closed is cut', async () => {
    const wire = await open();
    wire.cut();
    await settle();
    const closed = stream.close();
    const late = await attempt(2).ready();
    await closed;
    expect(late.socket.destroyed).toBe(true);
  });

  test('whose start is refused is cut', async () => {
    const wire = await open();
    wire.cut();
    await settle();
    const refused = await attempt(2).ready(REFUSED);
    expect(refused.socket.destroyed).toBe(true);
    expect(attempts).toHaveLength(3);
    await serve(3);
    expect(seen).toEqual(keys);
  });

  test('whose start is not answered does not hold up a close', async () => {
    const wire = await open();
    wire.cut();
    await settle();
    const held = await attempt(2).ready(NOTHING);
    await stream.close();
    expect(held.socket.destroyed).toBe(true);
  });
});
