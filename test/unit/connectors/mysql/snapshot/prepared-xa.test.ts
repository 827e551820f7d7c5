import { describe, expect, it } from 'vitest';
import type { Connection, TextRow } from '../../../../../connectors/mysql/connection.ts';
import {
  openConsistentPoint,
  type ConsistentPoint,
} from '../../../../../connectors/mysql/snapshot/consistent-point.ts';
import { preparedTransactions, xid } from '../../../../../connectors/mysql/snapshot/prepared-xa.ts';
import type { SnapshotSettings } from '../../../../../connectors/mysql/snapshot/snapshot-settings.ts';
import { MillraceError } from '../../../../../runtime/record/error.ts';
import { listen } from '../../../../integration/change/listen.ts';

const LOCK = 'FLUSH TABLES WITH READ LOCK';
const denied = new MillraceError('MYSQL_QUERY', 'XAER_RMERR (1401)', { kind: 'bug' });

type Answer = readonly string[] | Error;

/** A MySQL server that gives these answers to one XA RECOVER after the other, the last one again and again. */
class Server {
  readonly said: string[] = [];
  /** Milliseconds that were waited. */
  waited = 0;
  readonly #answers: Answer[];

  constructor(...answers: readonly Answer[]) {
    this.#answers = [...answers];
  }

  readonly connection = {
    mariadb: false,
    query: (_: string, sql: string): Promise<TextRow[]> => this.#answer(sql),
    one: async (_: string, sql: string): Promise<TextRow | undefined> => (await this.#answer(sql))[0],
    close: () => Promise.resolve(),
    destroy: () => undefined,
  } as unknown as Connection;

  open(streamBefore = false, more: Partial<SnapshotSettings> = {}, said = listen()): Promise<ConsistentPoint> {
    const settings = { locking: 'minimal', readers: 1, lockTimeoutMs: 1000, ...more } as unknown as SnapshotSettings;
    return openConsistentPoint(settings, {
      context: said.context,
      env: {
        clock: { monotonicMs: () => this.waited, nowMs: () => 0, nowUs: () => 0n },
        timers: {
          sleep: (ms) => Promise.resolve(void (this.waited += ms)),
          after: () => ({ cancel: () => undefined }),
          every: () => ({ cancel: () => undefined }),
          yield: () => Promise.resolve(),
        },
      },
      signal: new AbortController().signal,
      streamBefore,
      open: () => Promise.resolve(this.connection),
    });
  }

  #answer(sql: string): Promise<TextRow[]> {
    this.said.push(sql);
    if (sql === 'SHOW MASTER STATUS')
      return Promise.resolve([{ File: 'b.000001', Position: String(this.said.length) }]);
    if (!sql.startsWith('XA RECOVER')) return Promise.resolve([{ m: 'ON', e: '', g: '' }]);
    const [answer = []] = this.#answers.length > 1 ? this.#answers.splice(0, 1) : this.#answers;
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(answer.map((name) => row(Buffer.from(name), '1', name.length)));
  }
}

describe('XA transactions that are prepared where a snapshot would begin', () => {
  it('are waited for without a lock, and asked for once more under it', async () => {
    const server = new Server(['a'], ['a'], []);
    const said = listen();
    await server.open(false, {}, said);
    const locked = server.said.indexOf(LOCK);
    expect(server.said.slice(0, locked).filter((sql) => sql.startsWith('XA')).length).toBe(3);
    expect(server.said.slice(locked).filter((sql) => sql.startsWith('XA')).length).toBe(1);
    expect(said.logs).toEqual(["XA transactions are prepared and not ended, the snapshot waits for them: 'a'"]);
    expect(said.warnings).toEqual(
      new Map([
        ['MYSQL_XA_PREPARED', null],
        ['MYSQL_XA_UNSEEN', null],
      ]),
    );
  });

  it('give the place up, and the lock before they are waited for', async () => {
    const server = new Server([], ['a'], ['a'], []);
    const { place } = await server.open();
    const told = server.said.filter((sql) => /^(?:XA|FLUSH|UNLOCK|ROLLBACK|START|SHOW)/.test(sql));
    const attempt = [LOCK, 'START TRANSACTION WITH CONSISTENT SNAPSHOT', 'SHOW MASTER STATUS'];
    const ask = 'XA RECOVER CONVERT XID';
    expect(told).toEqual([ask, ...attempt, ask, 'UNLOCK TABLES', 'ROLLBACK', ask, ask, ...attempt, ask]);
    expect(place.position).toBe(server.said.lastIndexOf('SHOW MASTER STATUS') + 1);
  });

  it('end the snapshot by name when they stay', async () => {
    const server = new Server([], ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const said = listen();
    await expect(server.open(false, {}, said)).rejects.toMatchObject({
      code: 'MYSQL_XA_PREPARED',
      kind: 'busy',
      message: expect.stringContaining("'a' · 'b' · 'c' · 'd' · 'e' and 2 more") as string,
    });
    expect(server.waited).toBe(1000);
    expect(said.warnings.get('MYSQL_XA_PREPARED')).toBeNull();
  });

  it('are in a stream that begins before them', async () => {
    const server = new Server(['a']);
    expect(await server.open(true)).toMatchObject({ prepared: true });
    expect(server.waited).toBe(0);
  });

  it('that cannot be asked for are warned of once', async () => {
    const said = listen();
    expect(await new Server(denied).open(false, {}, said)).toMatchObject({ prepared: true });
    const text = said.warnings.get('MYSQL_XA_UNSEEN');
    expect(text).toContain('GRANT XA_RECOVER_ADMIN ON *.*');
    expect(said.logs).toEqual([text]);
  });

  it('are asked for before and after a place without a lock, which is warned of', async () => {
    const server = new Server([], ['a'], []);
    const said = listen();
    expect(await server.open(false, { locking: 'none' }, said)).toMatchObject({ prepared: true });
    expect(server.said).not.toContain(LOCK);
    expect(server.said.filter((sql) => sql === 'START TRANSACTION WITH CONSISTENT SNAPSHOT').length).toBe(2);
    expect(said.warnings.get('MYSQL_XA_UNSEEN')).toContain('GRANT RELOAD ON *.*');
  });

  it('have the names that XA COMMIT takes', async () => {
    expect(xid(row(Buffer.from('a'), '1', 1))).toBe("'a'");
    expect(xid(row(Buffer.from('ab'), '1', 1))).toBe("'a','b'");
    expect(xid(row(Buffer.from('a'), '7', 1))).toBe("'a','',7");
    expect(xid(row(Buffer.from([0, 0xff]), '1', 2))).toBe("X'00ff'");
    expect(xid(row(Buffer.from("o'\\"), '1', 2))).toBe("X'6f27',X'5c'");
    const mariadb = { mariadb: true, query: () => Promise.resolve([{ data: "'a','b',7" }]) } as unknown as Connection;
    expect(await preparedTransactions(mariadb)).toEqual(["'a','b',7"]);
  });
});

function row(id: Buffer, format: string, split: number): TextRow {
  return {
    formatID: format,
    gtrid_length: String(split),
    bqual_length: String(id.length - split),
    data: `0x${id.toString('hex')}`,
  };
}
