import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SchemaHistory } from '../../../../../../connectors/mysql/schema/history/schema-history.ts';
import type { Journal } from '../../../../../../runtime/connector/source.ts';
import { realEnv } from '../../../../../../runtime/env/real.ts';
import { MillraceError } from '../../../../../../runtime/record/error.ts';
import type { JsonObject } from '../../../../../../runtime/record/record.ts';
import { DATABASE, ModelServer, modelMap } from './model-server.ts';

const TABLES = ['t', 'u', '_gho'] as const;
const never = new AbortController().signal;

/** A stream of the model server: what it read of each rows event. */
class ModelStream {
  /** Column that the history gave for a rows event, and the true one; null: the task stopped there. */
  readonly read: (readonly [found: string | null, real: string])[] = [];
  readonly #server: ModelServer;
  readonly #onlyCaptured: boolean;
  readonly #entries: string[] = [];
  #history: SchemaHistory | undefined;
  #excluded = new Set<string>();
  #at = 0;
  /** Offsets that were stored, with the number of events before them. */
  readonly #stored: { readonly count: number; readonly offset: JsonObject }[] = [];

  constructor(server: ModelServer, onlyCaptured = false) {
    this.#server = server;
    this.#onlyCaptured = onlyCaptured;
  }

  async snapshot(): Promise<void> {
    this.#at = this.#server.binlog.length;
    this.#history = this.#open();
    const tables = [...this.#server.tables.keys()].map((name) => ({ database: DATABASE, name }));
    await this.#history.begin(
      this.#server.place(this.#at),
      tables.filter(({ name }) => !this.#excluded.has(name)),
    );
    this.#store();
  }

  /** Starts again at an offset that was stored: the last one, or one of before. */
  async restart(back: number, excluded: readonly string[]): Promise<void> {
    const from = this.#stored[Math.max(0, this.#stored.length - 1 - back)];
    this.#at = from?.count ?? 0;
    this.#excluded = new Set(excluded);
    this.#history = this.#open();
    const stored = { place: this.#server.place(this.#at), server: this.#server.uuid };
    await this.#history.resume(stored, from?.offset);
  }

  /** An operator set the offset to the server's present place, and left the rest of it as it was. */
  async alter(): Promise<void> {
    const last = this.#stored.at(-1)?.offset;
    this.#at = this.#server.binlog.length;
    this.#history = this.#open();
    await this.#history.resume({ place: this.#server.place(this.#at), server: this.#server.uuid }, last);
    this.#store();
  }

  /** Reads so many events, unless it has to stop. */
  async go(count: number): Promise<void> {
    const history = this.#history;
    if (history === undefined) return;
    for (let i = 0; i < count; i++) {
      const event = this.#server.binlog[this.#at];
      if (event === undefined) return;
      if (event.kind === 'ddl') {
        const after = this.#server.place(this.#at + 1);
        await history.statement(
          { thread: 1, database: DATABASE, sql: event.sql },
          after,
          this.#server.gtid(this.#at + 1),
        );
      } else if (!this.#excluded.has(event.table)) {
        const found = await this.#column(history, event.table);
        this.read.push([found, event.column]);
        if (found === null) return;
      }
      this.#at++;
      this.#store();
    }
  }

  async #column(history: SchemaHistory, name: string): Promise<string | null> {
    try {
      const table = await history.table(modelMap(name), this.#server.place(this.#at));
      return table.columns[0]?.name ?? '';
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'MYSQL_SCHEMA_UNKNOWN') return null;
      throw error;
    }
  }

  #store(): void {
    const offset = this.#history?.tag(this.#server.place(this.#at)) ?? {};
    this.#stored.push({ count: this.#at, offset });
  }

  #open(): SchemaHistory {
    const journal: Journal = {
      read: (visit) => {
        for (const entry of this.#entries) visit(Buffer.from(entry));
        return Promise.resolve();
      },
      append: (entries) => {
        this.#entries.push(...entries);
        return Promise.resolve();
      },
    };
    return historyOf(this.#server, journal, (name) => !this.#excluded.has(name), this.#onlyCaptured);
  }
}

function historyOf(
  server: ModelServer,
  journal: Journal,
  captures: (name: string) => boolean,
  onlyCaptured = false,
): SchemaHistory {
  return new SchemaHistory(
    {
      env: realEnv,
      prefix: 'p',
      server: server.uuid,
      journal,
      present: server,
      onlyCaptured,
      captures: (_, name) => captures(name),
      known: () => undefined,
    },
    never,
  );
}

type Step = (server: ModelServer, stream: ModelStream) => unknown;

const table = fc.constantFrom(...TABLES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: table.map(
      (name): Step =>
        (server) =>
          server.rows(name),
    ),
  },
  {
    weight: 3,
    arbitrary: table.map(
      (name): Step =>
        (server) =>
          server.alter(name),
    ),
  },
  {
    weight: 2,
    arbitrary: table.map(
      (name): Step =>
        (server) =>
          server.create(name),
    ),
  },
  {
    weight: 1,
    arbitrary: table.map(
      (name): Step =>
        (server) =>
          server.drop(name),
    ),
  },
  {
    weight: 1,
    arbitrary: table.map(
      (name): Step =>
        (server) =>
          server.index(name),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(table, table).map(
      ([a, b]): Step =>
        (server) =>
          server.swap(a, b),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(table, table).map(
      ([a, b]): Step =>
        (server) =>
          server.rename(a, b),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.nat(6).map(
      (count): Step =>
        (_, stream) =>
          stream.go(count),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(6), fc.subarray([...TABLES])).map(
      ([back, excluded]): Step =>
        (_, stream) =>
          stream.restart(back, back % 2 === 0 ? [] : excluded),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((_, stream) => stream.alter()) },
);

describe('a schema history', () => {
  test('never gives a structure that rows were not written under, whatever happens to tables and stream', async () => {
    const all = fc.array(step, { maxLength: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.boolean(), all, async (gtids, onlyCaptured, steps) => {
        const server = new ModelServer(gtids);
        server.create('t');
        server.create('u');
        const stream = new ModelStream(server, onlyCaptured);
        await stream.snapshot();
        for (const one of steps) await one(server, stream);
        await stream.go(100);
        for (const [found, real] of stream.read) if (found !== null) expect(found).toBe(real);
      }),
      { numRuns: 600 },
    );
  });

  test('always knows it where the stream keeps up', async () => {
    const changes = fc.array(
      fc.oneof(
        table.map((name) => (server: ModelServer) => server.alter(name)),
        table.map((name) => (server: ModelServer) => server.create(name)),
        fc.tuple(table, table).map(
          ([a, b]) =>
            (server: ModelServer) =>
              server.swap(a, b),
        ),
      ),
      { maxLength: 20, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(fc.boolean(), changes, async (gtids, all) => {
        const server = new ModelServer(gtids);
        server.create('t');
        const stream = new ModelStream(server);
        await stream.snapshot();
        for (const change of all) {
          change(server);
          for (const name of TABLES) server.rows(name);
          await stream.go(100);
        }
        expect(stream.read.map(([found]) => found)).toEqual(stream.read.map(([, real]) => real));
      }),
      { numRuns: 100 },
    );
  });

  test('gives a structure once the hub has it, and not before', async () => {
    const server = new ModelServer(false);
    server.create('t');
    let durable = Promise.withResolvers<void>();
    durable.resolve();
    const journal: Journal = { read: () => Promise.resolve(), append: () => durable.promise };
    const history = historyOf(server, journal, () => true);
    await history.begin(server.place(1), []);
    server.rows('t');
    durable = Promise.withResolvers<void>();
    const table = Promise.resolve(history.table(modelMap('t'), server.place(1)));
    const early = await Promise.race([table, realEnv.timers.yield().then(() => 'nothing yet')]);
    expect(early).toBe('nothing yet');
    durable.resolve();
    expect(await table).toMatchObject({ columns: [{ name: 'c1' }] });
  });

  test('takes no entries of other connectors, and none of which it cannot say where they are', async () => {
    const server = new ModelServer(false);
    server.create('t');
    const entries: string[] = [];
    const journal: Journal = {
      read: (visit) => {
        for (const entry of entries) visit(Buffer.from(entry));
        return Promise.resolve();
      },
      append: (more) => {
        entries.push(...more);
        return Promise.resolve();
      },
    };
    const t = { database: DATABASE, name: 't' };
    await historyOf(server, journal, () => true).begin(server.place(1), [t]);
    const [first = '', ...others] = entries.splice(0);
    server.alter('t');
    server.rows('t');
    const stored = { place: server.place(1), server: server.uuid };
    for (const read of [
      [],
      ['no JSON', '{}', '{"millrace": {}, "position": {}}'],
      [first, ...others].map((entry) => entry.replace('"server":"p"', '"server":"q"')),
    ]) {
      entries.splice(0, entries.length, ...read);
      const history = historyOf(server, journal, () => true);
      await history.resume(stored, undefined);
      await expect(async () => history.table(modelMap('t'), server.place(1))).rejects.toMatchObject({
        code: 'MYSQL_SCHEMA_UNKNOWN',
      });
    }
    entries.splice(0, entries.length, first, ...others);
    const history = historyOf(server, journal, () => true);
    await history.resume(stored, undefined);
    expect(await history.table(modelMap('t'), server.place(1))).toMatchObject({ columns: [{ name: 'c1' }] });
  });
});
