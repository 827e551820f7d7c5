import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Progress } from '../../../../runtime/connector/source.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import type { Appended, HubProducer } from '../../../../runtime/hub/port.ts';
import { ByteBudget } from '../../../../runtime/task/source/byte-budget.ts';
import { OffsetLedger } from '../../../../runtime/task/source/offset-ledger.ts';
import { Shipments } from '../../../../runtime/task/source/shipments.ts';

/** Lets what waits for resolved promises run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A producer whose answers the test gives; `calls` is what it was asked, in order. */
class HandProducer implements HubProducer {
  readonly calls: string[] = [];
  readonly answers: (() => void)[] = [];
  /** Every question, answered or not. */
  readonly asked: { readonly text: string; readonly answer: () => void }[] = [];
  readonly refusals: ((error: Error) => void)[] = [];

  partitions(): Promise<number> {
    return Promise.resolve(1);
  }

  append(topic: string, partition: number, batch: Buffer): Promise<Appended> {
    this.calls.push(`append ${topic} ${batch.toString()}`);
    return this.#later({ topic, partition, baseOffset: 0n, logAppendTimeMs: -1 });
  }

  begin(): void {
    this.calls.push('begin');
  }

  addOffsets(): void {
    this.calls.push('offsets');
  }

  commit(): Promise<void> {
    this.calls.push('commit');
    return this.#later(undefined);
  }

  abort(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Answers everything asked so far. */
  async answer(): Promise<void> {
    for (const answer of this.answers.splice(0)) answer();
    await realEnv.timers.yield();
  }

  #later<T>(value: T): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (): void => resolve(value);
      this.answers.push(answer);
      this.asked.push({ text: this.calls.at(-1) ?? '', answer });
      this.refusals.push(reject);
    });
  }
}

const at = (n: number): Progress[] => [{ partition: {}, position: { toOffset: () => ({ n }) } }];

function bench(transactional: boolean, maxUnderWay: number, worthBytes = 1) {
  const producer = new HandProducer();
  const ledger = new OffsetLedger();
  const failures: Error[] = [];
  const unsent: string[] = [];
  const shipments: Shipments = new Shipments({
    env: realEnv,
    producer,
    ledger,
    budget: new ByteBudget(1000),
    transaction: transactional
      ? {
          topic: 'offsets',
          batches: ([change]) => [{ partition: 0, batch: Buffer.from(JSON.stringify(change?.offset?.['n'] ?? null)) }],
        }
      : null,
    maxUnderWay,
    worthBytes,
    lingerMs: 0,
    unsentBytes: () => unsent.length,
    flush: () => {
      for (const text of unsent.splice(0)) shipments.send('t', 0, Buffer.from(text));
    },
    arrived: () => undefined,
    failed: (error) => failures.push(error),
  });
  /** One source batch, wholly encoded. */
  const ship = (n: number): void => {
    shipments.enter(at(n));
    unsent.push(String(n));
    shipments.release();
  };
  const encode = (text: string): void => void unsent.push(text);
  const ready = (): unknown => ledger.take().map(({ position }) => position.toOffset()['n']);
  return { producer, shipments, ship, encode, ready, failures };
}

describe('shipments, at-least-once', () => {
  test('each source batch goes at once; offsets are ready when its appends are answered', async () => {
    const { producer, ship, ready } = bench(false, 4);
    ship(1);
    ship(2);
    expect(producer.calls).toEqual(['append t 1', 'append t 2']);
    await settle();
    expect(ready()).toEqual([]);
    await producer.answer();
    expect(ready()).toEqual([2]);
  });

  test('a small one waits while others are under way, and goes with what comes meanwhile', async () => {
    const { producer, shipments, ship, ready } = bench(false, 4, 3);
    ship(1);
    ship(2);
    let room = false;
    void shipments.company(1).then(() => (room = true));
    ship(3);
    await settle();
    expect({ calls: producer.calls, room }).toEqual({ calls: ['append t 1'], room: false });
    await producer.answer();
    expect({ calls: producer.calls, room }).toEqual({ calls: ['append t 1', 'append t 2', 'append t 3'], room: true });
    for (const n of [4, 5, 6]) ship(n);
    expect(producer.calls).toHaveLength(6);
    await producer.answer();
    expect(ready()).toEqual([6]);
  });

  test('whoever reads much at a time, or finds nothing under way, need not wait for company', async () => {
    const { shipments, ship } = bench(false, 4, 3);
    let waited = 0;
    const company = async (bytes: number): Promise<void> => {
      await shipments.company(bytes);
      waited++;
    };
    void company(1);
    await settle();
    expect(waited).toBe(1);
    ship(1);
    void company(1_000_000);
    await settle();
    expect(waited).toBe(2);
  });

  test('while enough are under way, further ones go together', async () => {
    const { producer, ship, ready } = bench(false, 1);
    for (const n of [1, 2, 3]) ship(n);
    expect(producer.calls).toEqual(['append t 1']);
    await producer.answer();
    expect(producer.calls).toEqual(['append t 1', 'append t 2', 'append t 3']);
    expect(ready()).toEqual([1]);
    await producer.answer();
    expect(ready()).toEqual([3]);
  });

  test('after a failed append nothing is offered any more, and nothing is sent', async () => {
    const { producer, ship, ready, failures } = bench(false, 4);
    ship(1);
    ship(2);
    producer.refusals[0]?.(new Error('no'));
    await realEnv.timers.yield();
    await producer.answer();
    expect(failures.map(({ message }) => message)).toEqual(['no']);
    expect(ready()).toEqual([]);
    ship(3);
    expect(producer.calls).toHaveLength(2);
  });
});

describe('shipments, exactly-once', () => {
  test('a source batch and its offset are one transaction; the next begins before the commit is answered', async () => {
    const { producer, ship, ready } = bench(true, 4);
    ship(1);
    ship(2);
    const first = ['begin', 'append t 1', 'append offsets 1', 'commit'];
    expect(producer.calls).toEqual([...first, 'begin', 'append t 2', 'append offsets 2', 'commit']);
    await producer.answer();
    expect(ready()).toEqual([2]);
  });

  test('batches that share a transaction share its last offset', async () => {
    const { producer, ship } = bench(true, 1);
    for (const n of [1, 2, 3]) ship(n);
    await producer.answer();
    expect(producer.calls.slice(4)).toEqual(['begin', 'append t 2', 'append t 3', 'append offsets 3', 'commit']);
  });

  test('a transaction never ends with a part of a source batch in it', async () => {
    const { producer, shipments, ship, encode } = bench(true, 1);
    ship(1);
    ship(2);
    shipments.enter(at(3));
    encode('3a');
    await producer.answer();
    shipments.tick();
    expect(producer.calls).toHaveLength(4);
    encode('3b');
    shipments.release();
    expect(producer.calls.slice(4)).toEqual([
      'begin',
      'append t 2',
      'append t 3a',
      'append t 3b',
      'append offsets 3',
      'commit',
    ]);
  });

  test('progress without records costs no transaction until the tick', async () => {
    const { producer, shipments, ready } = bench(true, 4);
    for (const n of [1, 2, 3]) {
      shipments.enter(at(n));
      shipments.release();
    }
    expect(producer.calls).toEqual([]);
    shipments.tick();
    expect(producer.calls).toEqual(['begin', 'append offsets 3', 'commit']);
    await producer.answer();
    expect(ready()).toEqual([3]);
  });

  test('drain sends all and waits for it', async () => {
    const { producer, shipments, ship, ready } = bench(true, 1);
    ship(1);
    ship(2);
    const drained = shipments.drain();
    await producer.answer();
    await drained;
    expect(ready()).toEqual([2]);
  });
});

describe('shipments, under any order of events', () => {
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'ship' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'enter' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'release' as const }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'tick' as const }) },
  );

  test.each([false, true])(
    'an offset never passes a source batch that the hub does not hold whole (transactions: %s)',
    async (transactional) => {
      const run = fc.asyncProperty(
        fc.array(event, { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (events, most) => {
          const { producer, shipments, encode, ready } = bench(transactional, most);
          /** Texts that were appended and answered; a source batch `n` has the parts `na` and `nb`. */
          const held = new Set<string>();
          const answered = new Set<number>();
          let entered = 0;
          let open = false;
          const finish = (): void => {
            encode(`${entered}b`);
            shipments.release();
            open = false;
          };
          for (const one of events) {
            if (one.kind === 'ship' || one.kind === 'enter') {
              if (open) finish();
              shipments.enter(at(++entered));
              encode(`${entered}a`);
              open = true;
              if (one.kind === 'ship') finish();
            } else if (one.kind === 'release') {
              if (open) finish();
            } else if (one.kind === 'tick') {
              shipments.tick();
            } else if (producer.asked.length > 0) {
              const which = one.which % producer.asked.length;
              const { text, answer } = producer.asked[which] ?? { text: '', answer: () => undefined };
              if (one.kind === 'refuse' && !answered.has(which)) producer.refusals[which]?.(new Error('no'));
              else if (!answered.has(which)) {
                held.add(text);
                answer();
              }
              answered.add(which);
            }
            await settle();
            for (const offset of ready() as number[]) {
              for (let n = 1; n <= offset; n++) {
                expect(held).toContain(`append t ${n}a`);
                expect(held).toContain(`append t ${n}b`);
              }
            }
          }
        },
      );
      await fc.assert(run, { numRuns: 300 });
    },
  );
});
