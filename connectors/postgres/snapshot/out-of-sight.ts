import { tableName, type Table } from '../catalog/table.ts';

/** A table of which the stream brought changes under a name that is not captured, or under another one. */
interface Passed {
  /** Captured names it had: what is stored of them does not hold any more. */
  readonly names: Set<string>;
  /** Plan that reads it again, once one does. */
  plan: string | undefined;
}

/**
 * Tables whose rows a consumer lacks because they were renamed, by oid. The stream itself tells: it
 * names a table before its first change under that name, so a table that nobody wrote to while it
 * had another name is not among them.
 */
export class OutOfSight {
  readonly #names = new Map<number, string>();
  readonly #passed = new Map<number, Passed>();

  /** A captured table, by the name that records go by. True: it is out of sight. */
  captured(table: Pick<Table, 'oid' | 'schema' | 'name'>): boolean {
    const name = tableName(table);
    const before = this.#names.get(table.oid);
    this.#names.set(table.oid, name);
    if (before !== undefined && before !== name) this.#pass(table.oid).names.add(before);
    const passed = this.#passed.get(table.oid);
    passed?.names.add(name);
    return passed !== undefined;
  }

  /** Changes of this table make no records from here on. */
  left(oid: number): void {
    const name = this.#names.get(oid);
    const { names } = this.#pass(oid);
    if (name !== undefined) names.add(name);
  }

  /** It is to be read, and nothing does yet. */
  has(oid: number): boolean {
    const passed = this.#passed.get(oid);
    return passed !== undefined && passed.plan === undefined;
  }

  /** It is read by this plan, from now on. */
  reading(oid: number, plan: string): void {
    const passed = this.#passed.get(oid);
    if (passed !== undefined) passed.plan = plan;
  }

  /** The plan is done, and stored as such. */
  finished(plan: string): void {
    for (const [oid, passed] of this.#passed) if (passed.plan === plan) this.#passed.delete(oid);
  }

  /** Captured names of which nothing is known: for the stream's offset. */
  names(): readonly string[] {
    return [...this.#passed.values()].flatMap(({ names }) => [...names]);
  }

  #pass(oid: number): Passed {
    const passed = this.#passed.get(oid) ?? { names: new Set<string>(), plan: undefined };
    // What reads it began before these changes.
    passed.plan = undefined;
    this.#passed.set(oid, passed);
    return passed;
  }
}
