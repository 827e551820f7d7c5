/** What a snapshot sees: `pg_snapshot` as text, `xmin:xmax:xip,xip,…` with 64-bit transaction ids. */
export class SnapshotVisibility {
  readonly #xmin: bigint;
  readonly #xmax: bigint;
  readonly #running: ReadonlySet<bigint>;

  constructor(text: string) {
    const [xmin = '0', xmax = '0', running = ''] = text.split(':');
    this.#xmin = BigInt(xmin);
    this.#xmax = BigInt(xmax);
    this.#running = new Set(running === '' ? [] : running.split(',').map((xid) => BigInt(xid)));
  }

  /** Whether the snapshot sees what a committed transaction wrote. `xid`: the low 32 bits, as events carry it. */
  sees(xid: number): boolean {
    const full = this.#widen(BigInt(xid));
    return full < this.#xmin || (full < this.#xmax && !this.#running.has(full));
  }

  /** The 64-bit id with these low bits that is nearest to the snapshot's. */
  #widen(xid: bigint): bigint {
    const near = this.#xmax - (this.#xmax & 0xffffffffn) + xid;
    const distance = near - this.#xmax;
    if (distance > 0x7fffffffn) return near - 0x100000000n;
    return distance < -0x80000000n ? near + 0x100000000n : near;
  }
}
