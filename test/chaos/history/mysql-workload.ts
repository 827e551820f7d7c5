import type { Connection } from '../../../connectors/mysql/connection.ts';
import type { MysqlServer } from '../../services/mysql.ts';
import type { OracleEntry } from './checker.ts';

/** Every change of `item` is written to `oracle` in its own transaction. Only `item` is captured. */
const SCHEMA = [
  'create database crash character set utf8mb4',
  'create table crash.item (`key` int primary key, seq int not null, payload varchar(600) not null)',
  'create table crash.oracle (id bigint auto_increment primary key, `key` int not null, seq int not null, op char(1) not null)',
];
/** One transaction in so many is larger than a batch, so that kills meet the middle of one. */
const LARGE_EVERY = 40;
const LARGE = 2500;

interface State {
  seq: number;
  live: boolean;
}

export async function createMysqlWorkload(server: MysqlServer): Promise<void> {
  await server.sql(...SCHEMA);
}

/** The only writer of its server, so it knows the state of every key. */
export class MysqlWorkload {
  transactions = 0;
  readonly #server: MysqlServer;
  readonly #keys: number;
  readonly #states = new Map<number, State>();
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(server: MysqlServer, keys = 200) {
    this.#server = server;
    this.#keys = keys;
  }

  /** Writes so many transactions. */
  async write(transactions: number): Promise<void> {
    const connection = await this.#server.connect();
    try {
      for (let i = 0; i < transactions; i++) await this.#transaction(connection);
    } finally {
      await connection.close();
    }
  }

  /** Writes until stopped. */
  start(pauseMs = 2): void {
    this.#running = (async () => {
      const connection = await this.#server.connect();
      try {
        while (!this.#stopping) {
          await this.#transaction(connection);
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      } finally {
        await connection.close();
      }
    })();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #transaction(connection: Connection): Promise<void> {
    const large = ++this.transactions % LARGE_EVERY === 0;
    await connection.query('the workload', 'begin');
    if (large) await this.#grow(connection);
    else for (let i = 0; i < 1 + Math.floor(Math.random() * 10); i++) await this.#change(connection);
    await connection.query('the workload', 'commit');
  }

  async #change(connection: Connection): Promise<void> {
    const key = Math.floor(Math.random() * this.#keys);
    const { seq, live } = this.#states.get(key) ?? { seq: 0, live: false };
    const next = seq + 1;
    const payload = 'p'.repeat(Math.floor(Math.random() * 200));
    const op = !live ? 'c' : Math.random() < 0.2 ? 'd' : 'u';
    const sql = {
      c: `insert into crash.item values (${key}, ${next}, '${payload}')`,
      u: `update crash.item set seq = ${next}, payload = '${payload}' where \`key\` = ${key}`,
      d: `delete from crash.item where \`key\` = ${key}`,
    }[op];
    await connection.query('the workload', sql);
    await connection.query(
      'the workload',
      `insert into crash.oracle (\`key\`, seq, op) values (${key}, ${next}, '${op}')`,
    );
    this.#states.set(key, { seq: next, live: op !== 'd' });
  }

  /** New keys, and each of them changed once: several megabytes in one transaction. */
  async #grow(connection: Connection): Promise<void> {
    const first = 1_000_000 + this.transactions * LARGE;
    const keys = Array.from({ length: LARGE }, (_, i) => first + i);
    const payload = 'q'.repeat(500);
    const rows = keys.map((key) => `(${key}, 1, '${payload}')`).join(', ');
    await connection.query('the workload', `insert into crash.item values ${rows}`);
    await connection.query(
      'the workload',
      `update crash.item set seq = 2 where \`key\` between ${first} and ${first + LARGE - 1}`,
    );
    for (const [seq, op] of [
      [1, 'c'],
      [2, 'u'],
    ] as const) {
      const entries = keys.map((key) => `(${key}, ${seq}, '${op}')`).join(', ');
      await connection.query('the workload', `insert into crash.oracle (\`key\`, seq, op) values ${entries}`);
    }
  }
}

export async function readMysqlOracle(server: MysqlServer): Promise<OracleEntry[]> {
  const rows = await server.sql('select `key`, seq, op from crash.oracle order by id');
  return rows.map((row) => ({
    key: String(row['key']),
    seq: Number(row['seq']),
    op: row['op'] as OracleEntry['op'],
  }));
}
