import { MillraceError } from '../../../runtime/record/error.ts';

interface Last {
  readonly server: number;
  readonly sequence: bigint;
}

const GTID = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/;

/** MariaDB's position: the last transaction of each replication domain, `domain-server-sequence, …`. */
export class MariadbGtids {
  readonly #domains = new Map<number, Last>();

  /** Throws a `position` error for what is no such list. */
  static parse(text: string): MariadbGtids {
    const made = new MariadbGtids();
    for (const part of text.split(',')) {
      if (part.trim() === '') continue;
      const found = GTID.exec(part.trim());
      if (found === null) {
        throw new MillraceError('MYSQL_GTID_SET', `"${text.slice(0, 200)}" is not a list of MariaDB's GTIDs`, {
          kind: 'position',
          remedy: 'Write it as SELECT @@gtid_binlog_pos shows it: 0-1-100.',
        });
      }
      made.set(Number(found[1]), Number(found[2]), BigInt(found[3] ?? 0));
    }
    return made;
  }

  get empty(): boolean {
    return this.#domains.size === 0;
  }

  set(domain: number, server: number, sequence: bigint): void {
    this.#domains.set(domain, { server, sequence });
  }

  delete(domain: number): void {
    this.#domains.delete(domain);
  }

  sequence(domain: number): bigint | undefined {
    return this.#domains.get(domain)?.sequence;
  }

  last(domain: number): Last | undefined {
    return this.#domains.get(domain);
  }

  domains(): readonly number[] {
    return [...this.#domains.keys()];
  }

  copy(): MariadbGtids {
    const made = new MariadbGtids();
    for (const [domain, { server, sequence }] of this.#domains) made.set(domain, server, sequence);
    return made;
  }

  toString(): string {
    return [...this.#domains]
      .toSorted(([a], [b]) => a - b)
      .map(([domain, { server, sequence }]) => `${domain}-${server}-${sequence}`)
      .join(',');
  }
}
