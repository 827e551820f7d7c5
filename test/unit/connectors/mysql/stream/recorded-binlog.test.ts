import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENT, HEADER_BYTES, rowsKind } from '../../../../../connectors/mysql/binlog/event-type.ts';
import { GtidState } from '../../../../../connectors/mysql/binlog/gtid-state.ts';
import type { StreamPlace } from '../../../../../connectors/mysql/offset.ts';
import type { StatementHooks } from '../../../../../connectors/mysql/stream/statement-handler.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import {
  assemble,
  eventsFrom,
  packetsOf,
  recordedEvents,
  RECORDINGS,
  START,
  type RecordedEvent,
} from './recorded-binlog.ts';

const familyOf = (name: string): 'mysql' | 'mariadb' => (name.startsWith('mariadb') ? 'mariadb' : 'mysql');
const read = (name: string, sizes?: readonly number[]) =>
  assemble(familyOf(name), packetsOf(recordedEvents(name)), START, sizes);

/** MariaDB's json is text, and is shown as it was written. */
const jsonApart = (record: string): string => record.replaceAll(/\\": /g, '\\":').replaceAll(/, \\"/g, ',\\"');

describe.each(RECORDINGS)('the recording %s', (name) => {
  test('shows the same history as every other', async () => {
    const { records } = await read(name);
    const { records: expected } = await read('mysql-8.0');
    expect(records.length).toBe(2 + 1 + 400 + 200 + 1 + 400 + 1 + 3 + 1 + 1 + 2);
    expect(records.map(jsonApart)).toEqual(expected.map(jsonApart));
  });

  test('is the same however its bytes are cut', async () => {
    const { records } = await read(name);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 5 }), async (sizes) => {
        expect((await read(name, sizes)).records).toEqual(records);
      }),
      { numRuns: 10 },
    );
  });

  test('goes on at every place, without loss or repetition', async () => {
    const events = recordedEvents(name);
    const all = await read(name);
    const places = new Map(all.places.map((place, i) => [JSON.stringify(place), { place, count: all.counts[i] ?? 0 }]));
    expect(places.size).toBeGreaterThan(30);
    for (const { place, count } of places.values()) {
      // The file's last event names the next one, which was not recorded.
      if (place.file !== START.file) continue;
      const rest = await assemble(familyOf(name), packetsOf(eventsFrom(events, place.position)), place);
      expect(rest.records.join('\n') === all.records.slice(count).join('\n'), JSON.stringify(place)).toBe(true);
      expect(rest.places.at(-1)).toEqual(all.places.at(-1));
    }
  });

  test('goes on where transactions come in another order', async ({ skip }) => {
    skip(name.endsWith('no-gtid'), 'no order but one without GTIDs');
    const events = recordedEvents(name);
    const all = await read(name);
    const inside = all.places.findIndex(({ event }) => event > 0);
    const first = all.places[inside] ?? START;
    const { later, own, rest } = apart(events, first.position);
    // Another server sends a later transaction before the one that is handed over in part, and ends within it.
    const second = await assemble(familyOf(name), packetsOf(later.slice(0, later.findIndex(isRows) + 1)), first);
    const at = second.places.findIndex(({ parts }) => parts !== undefined);
    const between = second.places[at] ?? START;
    expect(between.event).toBe(1);
    expect(between.parts?.map(({ transaction, event }) => [transaction, event])).toEqual([
      [first.transaction, first.event],
    ]);
    const third = await assemble(familyOf(name), packetsOf([...later, ...own, ...rest]), between);
    const records = [
      ...all.records.slice(0, all.counts[inside]),
      ...second.records.slice(0, second.counts[at]),
      ...third.records,
    ];
    expect(records.toSorted()).toEqual(all.records.toSorted());
    expect(third.places.at(-1)?.gtids).toBe(all.places.at(-1)?.gtids);
    expect(third.places.at(-1)?.event).toBe(0);
  });

  test('never counts the transaction it is in as complete', async () => {
    const inside = (await read(name)).places.filter(({ event, transaction }) => event > 0 && transaction !== '');
    if (!name.endsWith('no-gtid')) expect(inside.length).toBeGreaterThan(0);
    for (const { gtids, transaction } of inside) {
      const complete = new GtidState(familyOf(name), gtids);
      complete.add(transaction);
      expect(complete.toString(), transaction).not.toBe(gtids);
    }
  });

  test('has a statement come again whose record could not be made', async () => {
    const away = new MillraceError('TEST_AWAY', 'the catalogue does not answer', { kind: 'unavailable' });
    let place: (() => StreamPlace) | undefined;
    let before: StreamPlace | undefined;
    const statements: StatementHooks = {
      captures: () => true,
      defined: (kind, _event, assembler) => {
        if (kind !== 'truncate') return undefined;
        place = () => assembler.place();
        before = assembler.place();
        return Promise.reject(away);
      },
    };
    await expect(assemble(familyOf(name), packetsOf(recordedEvents(name)), START, undefined, statements)).rejects.toBe(
      away,
    );
    expect(before).toBeDefined();
    expect(place?.()).toEqual(before);
  });

  test('ends in a named error where a byte is wrong', async () => {
    const events = recordedEvents(name);
    const checked = !name.endsWith('partial');
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, where, flip) => {
        const damaged = events.map(({ bytes }) => ({ bytes: Buffer.from(bytes) }));
        const { bytes } = damaged[which % damaged.length] ?? { bytes: Buffer.alloc(1) };
        const at = where % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const failure = await assemble(familyOf(name), packetsOf(damaged), START).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (checked || failure !== undefined) {
          const type = events[which % events.length]?.type;
          // The format description says itself whether events have checksums.
          if (type !== EVENT.formatDescription) expect(failure).toBeInstanceOf(MillraceError);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('ends in a named error, or comes to its end, where bytes are wrong under a right checksum', async () => {
    const events = recordedEvents(name);
    const change = fc.record({
      which: fc.nat(),
      at: fc.array(fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255))), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ which, at }) => {
        const damaged = events.map(({ bytes }) => ({ bytes: Buffer.from(bytes) }));
        const { bytes } = damaged[which % damaged.length] ?? { bytes: Buffer.alloc(0) };
        for (const [place, value] of at) {
          // The size in the header is the feed's own, not what is under the checksum's care.
          bytes[HEADER_BYTES + (place % (bytes.length - HEADER_BYTES))] = value;
        }
        if (!name.endsWith('partial')) bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
        const failure = await assemble(familyOf(name), packetsOf(damaged), START).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toBeInstanceOf(MillraceError);
      }),
      { numRuns: 60 },
    );
  });

  test('waits where it is cut off', async () => {
    const bytes = packetsOf(recordedEvents(name));
    const { records } = await read(name);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        const part = await assemble(familyOf(name), bytes.subarray(0, length), START);
        expect(part.records).toEqual(records.slice(0, part.records.length));
      }),
      { numRuns: 20 },
    );
  });
});

const isRows = ({ type }: RecordedEvent): boolean => rowsKind(type) !== undefined || type === EVENT.transactionPayload;

/** The transaction at a place, one after it that has rows, and all others behind the place. */
function apart(
  events: readonly RecordedEvent[],
  position: number,
): { own: RecordedEvent[]; later: RecordedEvent[]; rest: RecordedEvent[] } {
  const [format, ...behind] = eventsFrom(events, position);
  const transactions: RecordedEvent[][] = [];
  for (const event of behind) {
    if ([EVENT.gtid, EVENT.mariadbGtid].some((type) => type === event.type)) transactions.push([]);
    transactions.at(-1)?.push(event);
  }
  const [own = [], ...others] = transactions;
  const at = others.findIndex((one) => one.some(isRows));
  const later = [...(format === undefined ? [] : [format]), ...(others[at] ?? [])];
  return { own, later, rest: others.filter((_, i) => i !== at).flat() };
}
