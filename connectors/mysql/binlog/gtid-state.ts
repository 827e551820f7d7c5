import type { Family } from '../row/source-block.ts';
import { GtidSet } from './gtid-set.ts';
import { MariadbGtids } from './mariadb-gtid.ts';

/** The complete transactions, whichever family wrote them. */
export class GtidState {
  #mysql: GtidSet | undefined;
  #mariadb: MariadbGtids | undefined;
  #text: string | undefined;

  /** Throws a `position` error where the text is not of the family. */
  constructor(family: Family, text: string) {
    if (family === 'mysql') this.#mysql = GtidSet.parse(text);
    else this.#mariadb = MariadbGtids.parse(text);
  }

  /** Takes other transactions in place of these. */
  adopt(text: string): void {
    this.#text = undefined;
    if (this.#mysql === undefined) this.#mariadb = MariadbGtids.parse(text);
    else this.#mysql = GtidSet.parse(text);
  }

  /** Adds a transaction: `uuid[:tag]:number`, or `domain-server-sequence`. */
  add(gtid: string): void {
    this.#text = undefined;
    if (this.#mysql !== undefined) {
      const colon = gtid.lastIndexOf(':');
      this.#mysql.add(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
      return;
    }
    const [domain = '0', server = '0', sequence = '0'] = gtid.split('-');
    this.#mariadb?.set(Number(domain), Number(server), BigInt(sequence));
  }

  /** Whether a transaction is one of these. MariaDB: its domain came as far. */
  has(gtid: string): boolean {
    if (this.#mysql !== undefined) {
      const colon = gtid.lastIndexOf(':');
      return this.#mysql.has(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
    }
    const [domain = '0', , sequence = '0'] = gtid.split('-');
    return BigInt(sequence) <= (this.#mariadb?.sequence(Number(domain)) ?? -1n);
  }

  /** Whether all of another's are among these, but for those of sources that do not count. */
  covers(other: GtidState, counts: (source: string) => boolean): boolean {
    if (this.#mysql !== undefined) {
      return other.#mysql?.retain(counts).minus(this.#mysql).empty === true;
    }
    const [ours, theirs] = [this.#mariadb, other.#mariadb];
    const domains = theirs?.domains().filter((domain) => counts(String(domain))) ?? [];
    return domains.every((domain) => (ours?.sequence(domain) ?? -1n) >= (theirs?.sequence(domain) ?? 0n));
  }

  /** The text of these and one more. */
  with(gtid: string): string {
    if (gtid === '') return this.toString();
    const more = new GtidState(this.#mysql === undefined ? 'mariadb' : 'mysql', this.toString());
    more.add(gtid);
    return more.toString();
  }

  toString(): string {
    this.#text ??= String(this.#mysql ?? this.#mariadb);
    return this.#text;
  }
}
