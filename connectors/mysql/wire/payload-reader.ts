import { MillraceError } from '../../../runtime/record/error.ts';

/** Reads the fields of one protocol packet or binlog event, in order. Throws a `corrupt` error at its end. */
export class PayloadReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.bytes[this.skip(1)] ?? 0;
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.skip(2));
  }

  u24(): number {
    return this.bytes.readUIntLE(this.skip(3), 3);
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.skip(4));
  }

  u48(): number {
    return this.bytes.readUIntLE(this.skip(6), 6);
  }

  u64(): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8));
  }

  /** A length-encoded integer; 0xfb (NULL) reads as -1. */
  lengthEncoded(): number {
    const first = this.u8();
    if (first < 0xfb) return first;
    if (first === 0xfb) return -1;
    if (first === 0xfc) return this.u16();
    if (first === 0xfd) return this.u24();
    const wide = this.u64();
    if (wide > BigInt(Number.MAX_SAFE_INTEGER)) throw cutOff('a length beyond 2^53');
    return Number(wide);
  }

  /** Text up to a NUL byte, which is passed over. */
  cString(): string {
    const nul = this.bytes.indexOf(0, this.at);
    if (nul < 0 || nul >= this.end) throw cutOff('a text without its end');
    const text = this.bytes.toString('utf8', this.at, nul);
    this.at = nul + 1;
    return text;
  }

  text(length: number): string {
    const at = this.skip(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A copy. */
  copy(length: number): Buffer {
    const at = this.skip(length);
    return Buffer.from(this.bytes.subarray(at, at + length));
  }

  lengthText(): string {
    return this.text(this.lengthEncoded());
  }

  /** Passes over `count` bytes; returns where they begin. */
  skip(count: number): number {
    const { at } = this;
    if (count < 0 || at + count > this.end) throw cutOff(`${count} bytes wanted, ${this.end - at} left`);
    this.at = at + count;
    return at;
  }
}

function cutOff(what: string): MillraceError {
  return new MillraceError('MYSQL_PACKET_BROKEN', `a packet or event ends too early: ${what}`, {
    kind: 'corrupt',
    remedy: 'Restart the task. If it happens again at the same place, the binlog is damaged there: check the server.',
  });
}
