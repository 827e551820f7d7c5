import type { LastEvent, StoredOffset, StreamPlace } from '../offset.ts';

/**
 * Where the stream stands, and its last event: what an offset is made of. It moves with whole
 * messages and all its parts at once, so no offset can hold parts of two places (I2).
 */
export class ReadPlace {
  #flushLsn: bigint;
  #commitLsn: bigint;
  #index: number;
  /** Of the last event. */
  #lastHigh: number;
  #lastLow: number;
  #xid = 0;
  #timeUs = 0n;
  #type = 'COMMIT';

  /** `eventLsn`: of the last event before the start, where it is inside a transaction and known. */
  constructor(start: StreamPlace, eventLsn = 0n) {
    this.#flushLsn = start.flushLsn;
    this.#commitLsn = start.commitLsn;
    this.#index = start.index;
    this.#lastHigh = Number(eventLsn >> 32n);
    this.#lastLow = Number(eventLsn & 0xffff_ffffn);
  }

  get value(): StreamPlace {
    return { flushLsn: this.#flushLsn, commitLsn: this.#commitLsn, index: this.#index };
  }

  /** Events of the transaction it is in that are done; 0: between two. */
  get index(): number {
    return this.#index;
  }

  /** The last event; undefined before the first. */
  get last(): LastEvent | undefined {
    const lsn = this.#lastLsn();
    if (this.#timeUs === 0n || lsn === 0n) return undefined;
    return { lsn, xid: this.#xid, timeUs: this.#timeUs, messageType: this.#type };
  }

  /** What a new connection starts from. */
  get resume(): Omit<StoredOffset, 'identity'> {
    const lsn = this.#lastLsn();
    return { place: this.value, eventLsn: this.#index > 1 && lsn !== 0n ? lsn : undefined };
  }

  /** The transaction that it is in is sent again. */
  again(xid: number, timeUs: bigint): void {
    this.#xid = xid;
    this.#timeUs = timeUs;
  }

  /** After the BEGIN of a transaction. */
  begun(commitLsn: bigint, xid: number, timeUs: bigint, lsnHigh: number, lsnLow: number): void {
    this.#commitLsn = commitLsn;
    this.#index = 1;
    this.#xid = xid;
    this.#timeUs = timeUs;
    this.#mark('BEGIN', lsnHigh, lsnLow);
  }

  /** After an event of the transaction. */
  event(type: string, lsnHigh: number, lsnLow: number): void {
    this.#index++;
    this.#mark(type, lsnHigh, lsnLow);
  }

  /** After the COMMIT of the transaction. */
  committed(endLsn: bigint, timeUs: bigint, lsnHigh: number, lsnLow: number): void {
    if (endLsn > this.#flushLsn) this.#flushLsn = endLsn;
    this.#commitLsn = endLsn;
    this.#index = 0;
    this.#timeUs = timeUs;
    this.#mark('COMMIT', lsnHigh, lsnLow);
  }

  /** After the COMMIT of a transaction that was done before. It says nothing of the one the place is in. */
  passed(endLsn: bigint): void {
    if (endLsn > this.#flushLsn) this.#flushLsn = endLsn;
    if (endLsn <= this.#commitLsn) return;
    this.#commitLsn = endLsn;
    this.#index = 0;
  }

  /** After a message that is a transaction of its own. */
  message(lsn: bigint, lsnHigh: number, lsnLow: number): void {
    this.#mark('MESSAGE', lsnHigh, lsnLow);
    if (lsn < this.#commitLsn) return;
    this.#commitLsn = lsn + 1n;
    this.#index = 0;
  }

  /** Nothing before `walEnd` is left to send. Only between transactions. */
  advance(walEnd: bigint): void {
    if (walEnd <= this.#flushLsn) return;
    this.#flushLsn = walEnd;
    if (walEnd > this.#commitLsn) this.#commitLsn = walEnd;
    this.#index = 0;
  }

  #mark(type: string, lsnHigh: number, lsnLow: number): void {
    this.#type = type;
    this.#lastHigh = lsnHigh;
    this.#lastLow = lsnLow;
  }

  #lastLsn(): bigint {
    return (BigInt(this.#lastHigh) << 32n) | BigInt(this.#lastLow);
  }
}
