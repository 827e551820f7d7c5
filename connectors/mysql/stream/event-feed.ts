import { crc32 } from 'node:zlib';
import { MillraceError } from '../../../runtime/record/error.ts';
import { ARTIFICIAL, CHECKSUM_BYTES, EVENT, HEADER_BYTES } from '../binlog/event-type.ts';
import { brokenRows } from '../binlog/rows-event.ts';
import { readTransactionPayload } from '../binlog/transaction-payload.ts';
import type { PacketStream } from '../wire/packet-stream.ts';
import { PayloadReader } from '../wire/payload-reader.ts';
import { readFailure } from '../wire/server-error.ts';
import { dumpError } from './binlog-error.ts';

const FAILURE = 0xff;
const END = 0xfe;
const WRAP = 0x1_0000_0000;

/** What of a connection is needed to read events. */
export interface EventConnection {
  readonly stream: Pick<PacketStream, 'packets' | 'take' | 'wait' | 'nudge' | 'destroy'>;
  destroy(): void;
}

/**
 * The events of a dump connection, one at a time. After {@link next} the event lies in `bytes[at, end)`,
 * header included and checksum not, until the next call. Checksums are verified, compressed transactions
 * unpacked: their events have the place of the event they came in.
 *
 *     packet = 0x00 event | 0xff error | 0xfe end
 *     event  = timestamp:u32 type:u8 server:u32 size:u32 end:u32 flags:u16 body [crc32]
 */
export class EventFeed {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  type = 0;
  /** Seconds since 1970. */
  seconds = 0;
  serverId = 0;
  flags = 0;
  /** Where the event begins and ends in its file. Files may be larger than the 32 bits of an event's own field. */
  start = 0;
  position = 0;
  file: string;
  /** What it was asked to begin behind; '': a file and position. */
  readonly gtids: string;
  /** The server has sent all it had, and was asked for no more than that. */
  ended = false;
  readonly #finite: boolean;
  readonly #connection: EventConnection;
  #checksums: boolean;
  /** Events of a compressed transaction that are still to come. */
  #payload: Buffer | undefined;
  #payloadAt = 0;

  /** The connection has sent its dump command; `finite`: one that ends where the binlog ends now. */
  constructor(
    connection: EventConnection,
    file: string,
    position: number,
    checksums: boolean,
    { gtids = '', finite = false }: { readonly gtids?: string; readonly finite?: boolean } = {},
  ) {
    this.#connection = connection;
    this.gtids = gtids;
    this.#finite = finite;
    this.file = file;
    this.position = position;
    this.start = position;
    this.#checksums = checksums;
  }

  /** Finds the next event in what has arrived; false: wait for more. */
  next(): boolean {
    if (this.#nextOfPayload()) return true;
    const { packets } = this.#connection.stream;
    while (packets.next()) {
      const mark = packets.bytes[packets.at];
      if (mark === 0) {
        this.#read(packets.bytes, packets.at + 1, packets.end);
        if (this.type !== EVENT.transactionPayload) return true;
        this.#payload = readTransactionPayload(this.body());
        this.#payloadAt = 0;
        if (this.#nextOfPayload()) return true;
        continue;
      }
      if (mark === FAILURE)
        throw dumpError(readFailure(new PayloadReader(packets.bytes, packets.at + 1, packets.end)), this.place);
      if (this.#finite && mark === END) {
        this.ended = true;
        return false;
      }
      throw new MillraceError('MYSQL_UNAVAILABLE', 'the server ended the binlog stream', { kind: 'unavailable' });
    }
    return false;
  }

  /** Takes what has arrived from the socket; false: nothing. */
  take(): boolean {
    return this.#connection.stream.take();
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#connection.stream.wait(signal);
  }

  nudge(): void {
    this.#connection.stream.nudge();
  }

  /** A reader behind the event's header. */
  body(): PayloadReader {
    return new PayloadReader(this.bytes, this.at + HEADER_BYTES, this.end);
  }

  /** The server made the event up for this connection: it lies in no file. */
  get made(): boolean {
    return (this.flags & ARTIFICIAL) !== 0 || this.bytes.readUInt32LE(this.at + 13) === 0;
  }

  get place(): string {
    return `${this.file}:${this.start}`;
  }

  close(): void {
    this.#connection.destroy();
  }

  /** The server has been silent for too long. */
  silent(forMs: number): void {
    const text = `the server was silent for ${forMs} ms, though it was asked for heartbeats`;
    this.#connection.stream.destroy(new MillraceError('MYSQL_UNAVAILABLE', text, { kind: 'unavailable' }));
  }

  #nextOfPayload(): boolean {
    const payload = this.#payload;
    if (payload === undefined) return false;
    if (this.#payloadAt >= payload.length) {
      this.#payload = undefined;
      return false;
    }
    const at = this.#payloadAt;
    const size = at + HEADER_BYTES <= payload.length ? payload.readUInt32LE(at + 9) : 0;
    if (size < HEADER_BYTES || at + size > payload.length) throw brokenRows('a compressed transaction is cut off');
    this.#payloadAt = at + size;
    this.#header(payload, at, at + size);
    return true;
  }

  #read(bytes: Buffer, at: number, end: number): void {
    if (end - at < HEADER_BYTES || bytes.readUInt32LE(at + 9) !== end - at) throw brokenRows('its size is wrong');
    const type = bytes[at + 4] ?? 0;
    let to = end;
    if (type === EVENT.formatDescription) this.#checksums = formatHasChecksums(bytes, at, end);
    if (this.#checksums || type === EVENT.formatDescription) {
      to -= CHECKSUM_BYTES;
      const checked = this.#checksums ? bytes.readUInt32LE(to) : 0;
      if (this.#checksums && crc32(bytes.subarray(at, to)) !== checked) throw this.#corrupt();
    }
    this.#header(bytes, at, to);
    this.#move(bytes.readUInt32LE(at + 13), end - at);
  }

  #header(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.seconds = bytes.readUInt32LE(at);
    this.type = bytes[at + 4] ?? 0;
    this.serverId = bytes.readUInt32LE(at + 5);
    this.flags = bytes.readUInt16LE(at + 17);
  }

  #move(end: number, size: number): void {
    if (this.type === EVENT.rotate) {
      const body = this.body();
      const position = Number(body.u64());
      const file = body.text(body.left);
      // At the end of a file the event itself lies in the old one: nothing asks for its place.
      this.file = file;
      this.start = position;
      this.position = position;
      return;
    }
    if (this.made) return;
    const base = Math.floor(this.position / WRAP) * WRAP;
    if (this.type === EVENT.heartbeat) {
      // It names the place up to which everything was sent, also what was passed over as known.
      this.position = Math.max(this.position, base + end);
      this.start = this.position;
      return;
    }
    const whole = end < this.position - base && this.position - base - end > WRAP / 2 ? base + WRAP + end : base + end;
    this.position = whole;
    this.start = whole - size;
  }

  #corrupt(): MillraceError {
    return new MillraceError('MYSQL_CHECKSUM', `the event after ${this.file}:${this.position} fails its checksum`, {
      kind: 'corrupt',
      remedy: 'Restart the task. If it happens again at the same place, the binlog is damaged there: check the server.',
    });
  }
}

const VERSION_BYTES = 50;
/** Format version, server version, creation time, header length. */
const FIXED = 2 + VERSION_BYTES + 4 + 1;

/** The last byte before the checksum field says which checksum the file's events have: 0 none, 1 CRC32. */
function formatHasChecksums(bytes: Buffer, at: number, end: number): boolean {
  if (end - at < HEADER_BYTES + FIXED + CHECKSUM_BYTES + 1) throw brokenRows('its format description is cut off');
  const algorithm = bytes[end - CHECKSUM_BYTES - 1] ?? 0;
  if (algorithm === 0 || algorithm === 1) return algorithm === 1;
  throw brokenRows(`its checksums are of the unknown kind ${algorithm}`);
}
