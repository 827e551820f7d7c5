import { MillraceError } from '../../../runtime/record/error.ts';

/** Transactions `from` to `to`, both included. */
interface Interval {
  from: bigint;
  to: bigint;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const UUID_LENGTH = 36;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/i;
const NUMBERS = /^(\d{1,19})(?:-(\d{1,19}))?$/;

/**
 * A set of MySQL's global transaction ids.
 *
 *     set = uuid { ':' [tag ':'] n ['-' n] }*, …
 *
 * Sources are `uuid` or `uuid:tag` (MySQL 8.3). Intervals are in order, apart, and not touching.
 */
export class GtidSet {
  readonly #sources = new Map<string, Interval[]>();

  /** Throws a `position` error for what is no set. */
  static parse(text: string): GtidSet {
    const set = new GtidSet();
    for (const part of text.replaceAll(/\s/g, '').split(',')) if (part !== '') set.#parsePart(part, text);
    return set;
  }

  get empty(): boolean {
    return this.#sources.size === 0;
  }

  /** How many transactions. */
  get size(): bigint {
    let size = 0n;
    for (const intervals of this.#sources.values()) for (const { from, to } of intervals) size += to - from + 1n;
    return size;
  }

  copy(): GtidSet {
    const made = new GtidSet();
    for (const [source, intervals] of this.#sources) {
      made.#sources.set(
        source,
        intervals.map(({ from, to }) => ({ from, to })),
      );
    }
    return made;
  }

  /** `source`: `uuid` or `uuid:tag`, lower case. */
  add(source: string, from: bigint, to: bigint = from): void {
    const intervals = this.#sources.get(source);
    if (intervals === undefined) {
      this.#sources.set(source, [{ from, to }]);
      return;
    }
    const last = intervals.at(-1);
    if (last !== undefined && from === last.to + 1n) {
      last.to = to;
      return;
    }
    intervals.push({ from, to });
    this.#sources.set(source, joined(intervals));
  }

  has(source: string, number: bigint): boolean {
    return this.#sources.get(source)?.some(({ from, to }) => from <= number && number <= to) ?? false;
  }

  /** What is in this set and not in the other. */
  minus(other: GtidSet): GtidSet {
    const left = new GtidSet();
    for (const [source, intervals] of this.#sources) {
      const taken = other.#sources.get(source) ?? [];
      const rest = intervals.flatMap((interval) => cut(interval, taken));
      if (rest.length > 0) left.#sources.set(source, rest);
    }
    return left;
  }

  /** The transactions of sources whose UUID the test lets in. */
  retain(test: (uuid: string) => boolean): GtidSet {
    const kept = new GtidSet();
    for (const [source, intervals] of this.#sources) {
      if (!test(source.slice(0, UUID_LENGTH))) continue;
      for (const { from, to } of intervals) kept.add(source, from, to);
    }
    return kept;
  }

  /** What is in either. */
  with(other: GtidSet): GtidSet {
    const made = this.copy();
    for (const [source, intervals] of other.#sources) for (const { from, to } of intervals) made.add(source, from, to);
    return made;
  }

  /** As the server writes it: sources in order, tags after their source. */
  toString(): string {
    const byUuid = new Map<string, string[]>();
    for (const source of [...this.#sources.keys()].sort()) {
      const [uuid = '', tag] = source.split(':');
      const numbers = (this.#sources.get(source) ?? []).map(({ from, to }) =>
        from === to ? `${from}` : `${from}-${to}`,
      );
      const parts = byUuid.get(uuid) ?? [];
      parts.push(...(tag === undefined ? [] : [tag]), ...numbers);
      byUuid.set(uuid, parts);
    }
    return [...byUuid].map(([uuid, parts]) => [uuid, ...parts].join(':')).join(',');
  }

  /**
   * For COM_BINLOG_DUMP_GTID: `count:u64 { uuid:16 count:u64 { from:u64 to+1:u64 }* }*`. With tags (MySQL
   * 8.3) the first count's lowest and highest bytes are 1, and the tag follows the uuid with its length
   * doubled before it.
   */
  encode(): Buffer {
    const sources = [...this.#sources.keys()].sort();
    const tagged = sources.some((source) => source.includes(':'));
    const parts = [count(sources.length, tagged)];
    for (const source of sources) {
      const [uuid = '', tag = ''] = source.split(':');
      const intervals = this.#sources.get(source) ?? [];
      parts.push(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
      if (tagged) parts.push(Buffer.from([tag.length * 2]), Buffer.from(tag, 'latin1'));
      parts.push(count(intervals.length, false));
      for (const { from, to } of intervals) parts.push(number(from), number(to + 1n));
    }
    return Buffer.concat(parts);
  }

  #parsePart(part: string, whole: string): void {
    const [uuid = '', ...rest] = part.toLowerCase().split(':');
    if (!UUID.test(uuid) || rest.length === 0) throw notASet(whole);
    let source = uuid;
    for (const piece of rest) {
      const numbers = NUMBERS.exec(piece);
      if (numbers === null) {
        if (!TAG.test(piece)) throw notASet(whole);
        source = `${uuid}:${piece}`;
        continue;
      }
      const from = BigInt(numbers[1] ?? 0);
      const to = BigInt(numbers[2] ?? numbers[1] ?? 0);
      if (from < 1n || to < from) throw notASet(whole);
      this.add(source, from, to);
    }
  }
}

function joined(intervals: readonly Interval[]): Interval[] {
  const made: Interval[] = [];
  for (const { from, to } of intervals.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = made.at(-1);
    if (last !== undefined && from <= last.to + 1n) {
      if (to > last.to) last.to = to;
    } else made.push({ from, to });
  }
  return made;
}

function cut(interval: Interval, taken: readonly Interval[]): Interval[] {
  const left: Interval[] = [];
  let { from } = interval;
  for (const other of taken) {
    if (other.to < from || other.from > interval.to) continue;
    if (other.from > from) left.push({ from, to: other.from - 1n });
    from = other.to + 1n;
  }
  if (from <= interval.to) left.push({ from, to: interval.to });
  return left;
}

function count(value: number, tagged: boolean): Buffer {
  const bytes = number(BigInt(value));
  if (!tagged) return bytes;
  const made = number(BigInt(value) << 8n);
  made[0] = 1;
  made[7] = 1;
  return made;
}

function number(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function notASet(text: string): MillraceError {
  return new MillraceError('MYSQL_GTID_SET', `"${text.slice(0, 200)}" is not a set of GTIDs`, {
    kind: 'position',
    remedy: 'Write it as SELECT @@gtid_executed shows it.',
  });
}
