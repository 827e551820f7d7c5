import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EVENT, HEADER_BYTES } from '../../../../../connectors/mysql/binlog/event-type.ts';
import { GtidState } from '../../../../../connectors/mysql/binlog/gtid-state.ts';
import type { StreamPlace } from '../../../../../connectors/mysql/offset.ts';
import type { RowOptions } from '../../../../../connectors/mysql/row/row-options.ts';
import type { Family } from '../../../../../connectors/mysql/row/source-block.ts';
import { RowFactory } from '../../../../../connectors/mysql/row/table-rows.ts';
import { RowAssembler } from '../../../../../connectors/mysql/stream/row-assembler.ts';
import { BlockPool } from '../../../../../runtime/change/block-pool.ts';
import { EventFeed } from '../../../../../connectors/mysql/stream/event-feed.ts';
import type { StatementHooks } from '../../../../../connectors/mysql/stream/statement-handler.ts';
import { statementHooks } from '../../../../../connectors/mysql/stream/statement-hooks.ts';
import { TableSource } from '../../../../../connectors/mysql/stream/table-source.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../../../../connectors/mysql/type/options.ts';
import { PacketSplitter } from '../../../../../connectors/mysql/wire/packet-splitter.ts';
import { rowRecords } from '../../../../../runtime/connector/row-records.ts';
import type { Value } from '../../../../../runtime/record/value.ts';
import { usualRecordOptions } from '../../../change/usual-record-options.ts';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/mysql-binlog/', import.meta.url));
const MAGIC = 4;

export const RECORDINGS = [
  'mysql-8.0',
  'mysql-8.0-compressed',
  'mysql-8.0-partial',
  'mysql-8.0-no-gtid',
  'mariadb-10.11',
  'mariadb-10.11-compressed',
] as const;

export interface RecordedEvent {
  readonly bytes: Buffer;
  readonly type: number;
  readonly start: number;
}

/** The events of a recording, as they stand in the file. */
export function recordedEvents(name: string): RecordedEvent[] {
  const file = readFileSync(`${FOLDER}${name}.binlog`);
  const events: RecordedEvent[] = [];
  for (let at = MAGIC; at + HEADER_BYTES <= file.length;) {
    const size = file.readUInt32LE(at + 9);
    events.push({ bytes: file.subarray(at, at + size), type: file[at + 4] ?? 0, start: at });
    at += size;
  }
  return events;
}

/** The packets that a dump connection sends. */
export function packetsOf(events: readonly Pick<RecordedEvent, 'bytes'>[]): Buffer {
  return Buffer.concat(
    events.map(({ bytes }, i) => {
      const head = Buffer.alloc(5);
      head.writeUIntLE(bytes.length + 1, 0, 3);
      head[3] = i & 0xff;
      return Buffer.concat([head, bytes]);
    }),
  );
}

/** What a dump from a place sends: the format, then what comes after. */
export function eventsFrom(events: readonly RecordedEvent[], position: number): RecordedEvent[] {
  const format = events.filter(({ type }) => type === EVENT.formatDescription).slice(0, 1);
  return [...format, ...events.filter(({ start, type }) => start >= position && type !== EVENT.formatDescription)];
}

const OPTIONS: RowOptions = {
  ...usualRecordOptions,
  types: { ...DEFAULT_TYPE_OPTIONS, unsignedBigint: 'precise' },
  databaseInclude: [],
  databaseExclude: [],
};

export interface Made {
  /** After each event that was handled. */
  readonly places: StreamPlace[];
  /** Records made by then, as text: topic, key, operation and images. */
  readonly counts: number[];
  readonly records: string[];
}

/** Assembles events that arrive in chunks of these sizes. */
export async function assemble(
  family: Family,
  bytes: Buffer,
  place: StreamPlace,
  sizes: readonly number[] = [65_536],
  statements?: StatementHooks,
): Promise<Made> {
  const packets = new PacketSplitter();
  let sent = 0;
  let chunk = 0;
  const stream = {
    packets,
    take: () => {
      if (sent >= bytes.length) return false;
      const size = sizes[chunk++ % sizes.length] ?? 1;
      packets.feed(Buffer.from(bytes.subarray(sent, sent + size)));
      sent += size;
      return true;
    },
    wait: () => Promise.reject(new Error('nothing more will come')),
    nudge: () => undefined,
    destroy: () => undefined,
  };
  const factory = new RowFactory(OPTIONS, { family, taskId: 0, runId: '', version: '' });
  const side = { use: () => Promise.resolve(undefined as never) };
  const tables = new TableSource(factory, side, COLLATIONS);
  const assembler = new RowAssembler(
    {
      tables,
      skipUnchanged: false,
      includeQuery: false,
      statements: statements ?? statementHooks(tables, undefined, () => undefined),
    },
    new BlockPool(1).take(),
    place,
    new GtidState(family, place.gtids),
  );
  assembler.restart();
  const feed = new EventFeed({ stream, destroy: () => undefined }, 'binlog.000001', 4, true);
  const made: Made = { places: [], counts: [], records: [] };
  for (;;) {
    while (feed.next()) {
      await assembler.event(feed);
      made.places.push(assembler.place());
      made.counts.push(assembler.block.count);
    }
    if (!feed.take()) break;
  }
  for (const { topic, key, value } of rowRecords(assembler.block)) {
    made.records.push(JSON.stringify([topic, key?.value ?? null, shown(value?.value ?? null)], plain));
  }
  return made;
}

export const START: StreamPlace = { file: 'binlog.000001', position: 4, gtids: '', event: 0, transaction: '' };

const COLLATIONS = new Map([
  [8, 'latin1'],
  [45, 'utf8mb4'],
  [46, 'utf8mb4'],
  [63, 'binary'],
  [255, 'utf8mb4'],
]);

/** Without the source block and times. */
function shown(value: Value): unknown {
  if (value === null || typeof value !== 'object' || !('op' in value)) return value;
  const { op, before, after } = value as { readonly [name: string]: Value };
  return { op, before, after };
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value !== null && typeof value === 'object' && 'unscaled' in value) return String(value);
  return value;
}
