import type { PayloadReader } from '../wire/payload-reader.ts';
import { brokenRows } from './rows-event.ts';

/** What a GTID event says of the transaction that follows. */
export interface GtidEvent {
  /** `uuid:number`, `uuid:tag:number` or `domain-server-sequence`; '' for an anonymous transaction. */
  readonly gtid: string;
  /** Epoch microseconds; 0: not said. */
  readonly commitUs: number;
  /** MariaDB: a statement by itself follows; otherwise rows up to a commit. */
  readonly standalone: boolean;
  /** MariaDB: rows of an XA transaction up to its PREPARE. MySQL says so in a statement. */
  readonly xa: boolean;
}

/** Flags of MariaDB's event. */
const STANDALONE = 1;
const PREPARED_XA = 64;

/** Longest GTID event without times: flags, uuid, number, logical clock. */
const WITH_TIMES = 1 + 16 + 8 + 1 + 16 + 7;

/** `flags:u8 uuid:16 number:u64 2:u8 last-committed:u64 sequence:u64 commit-us:u56 …` */
export function readGtid(reader: PayloadReader, anonymous: boolean): GtidEvent {
  const timed = reader.left >= WITH_TIMES;
  reader.skip(1);
  const uuid = uuidText(reader.copy(16));
  const number = reader.u64();
  let commitUs = 0;
  if (timed) {
    reader.skip(17);
    const low = reader.u48();
    // The highest bit says that the original commit's time follows.
    commitUs = low + (reader.u8() & 0x7f) * 2 ** 48;
  }
  return { gtid: anonymous ? '' : `${uuid}:${number}`, commitUs, standalone: false, xa: false };
}

/** `sequence:u64 domain:u32 flags:u8 …`; the server is the event's. */
export function readMariadbGtid(reader: PayloadReader, server: number): GtidEvent {
  const sequence = reader.u64();
  const domain = reader.u32();
  const flags = reader.u8();
  return {
    gtid: `${domain}-${server}-${sequence}`,
    commitUs: 0,
    standalone: (flags & STANDALONE) !== 0,
    xa: (flags & PREPARED_XA) !== 0,
  };
}

/**
 * MySQL 8.3's GTID event with a tag, in the server's serialisation: `version size last-field { field-id value }*`,
 * all numbers of variable length (the ones at the end of the first byte say how many bytes follow). Fields:
 * 0 flags, 1 uuid (16 numbers), 2 number, 3 tag, 4 last committed, 5 sequence, 6 commit time, …
 */
export function readTaggedGtid(reader: PayloadReader): GtidEvent {
  variable(reader);
  variable(reader);
  variable(reader);
  let uuid = '';
  let tag = '';
  let number = 0n;
  let commitUs = 0;
  while (reader.left > 0) {
    const field = Number(variable(reader));
    if (field === 0) variable(reader);
    else if (field === 1) uuid = uuidText(Buffer.from(Array.from({ length: 16 }, () => Number(variable(reader)))));
    else if (field === 2) number = signed(variable(reader));
    else if (field === 3) tag = reader.text(Number(variable(reader)));
    else if (field === 4 || field === 5) variable(reader);
    else if (field === 6) commitUs = Number(variable(reader));
    else break;
  }
  if (uuid === '' || number < 1n) throw brokenRows('a tagged GTID is incomplete');
  return {
    gtid: tag === '' ? `${uuid}:${number}` : `${uuid}:${tag}:${number}`,
    commitUs,
    standalone: false,
    xa: false,
  };
}

/** Trailing ones of the first byte: how many bytes follow; the value is above them, little-endian. */
function variable(reader: PayloadReader): bigint {
  const first = reader.u8();
  let more = 0;
  while (more < 8 && ((first >> more) & 1) === 1) more++;
  let value = 0n;
  for (let i = 0; i < more; i++) value |= BigInt(reader.u8()) << BigInt(8 * i);
  if (more >= 8) return value;
  const own = BigInt(first >> (more + 1));
  return (value << BigInt(7 - more)) | own;
}

/** Signed numbers have their sign in the lowest bit. */
function signed(value: bigint): bigint {
  return (value & 1n) === 0n ? value >> 1n : -(value >> 1n) - 1n;
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
