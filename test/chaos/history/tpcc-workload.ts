import type { Connection } from '../../../connectors/mysql/connection.ts';
import type { MysqlServer } from '../../services/mysql.ts';

/*
 * What TPC-C does, small: orders are placed, paid and delivered by several terminals at once, one in a hundred is
 * rolled back; district and stock rows are hot, orders change their key's rows, new_order's are deleted.
 */
const DISTRICTS = 4;
const CUSTOMERS = 30;
const ITEMS = 100;

const SCHEMA = [
  'create database app character set utf8mb4',
  'create table app.district (d_id int primary key, d_ytd decimal(14,2) not null, d_next int not null)',
  `create table app.customer (c_d int, c_id int, c_name varchar(30) not null, c_balance decimal(12,2) not null,
     c_since datetime(6) not null, c_data text, primary key (c_d, c_id))`,
  'create table app.stock (s_i int primary key, s_quantity smallint unsigned not null, s_ytd bigint unsigned not null, s_dist char(24))',
  `create table app.orders (o_d int, o_id int, o_c int not null, o_entry timestamp(3) not null, o_carrier tinyint, o_lines tinyint not null,
     primary key (o_d, o_id))`,
  'create table app.new_order (n_d int, n_o int, primary key (n_d, n_o))',
  `create table app.order_line (l_d int, l_o int, l_n int, l_i int not null, l_quantity tinyint not null, l_amount double not null,
     l_delivered datetime null, primary key (l_d, l_o, l_n))`,
  'create table app.history (h_c int not null, h_d int not null, h_date datetime(6) not null, h_amount decimal(6,2) not null)',
];

export const TPCC_TABLES = 7;

const below = (n: number): number => Math.floor(Math.random() * n);
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export async function createTpcc(server: MysqlServer): Promise<void> {
  const customers = numbers(DISTRICTS).flatMap((d) =>
    numbers(CUSTOMERS).map((c) => `(${d}, ${c}, 'Bürger ${c}', -10, '2026-11-26 01:02:03.${c}', null)`),
  );
  await server.sql(
    ...SCHEMA,
    `insert into app.district values ${numbers(DISTRICTS)
      .map((d) => `(${d}, 0, 1)`)
      .join(', ')}`,
    `insert into app.customer values ${customers.join(', ')}`,
    `insert into app.stock values ${numbers(ITEMS)
      .map((i) => `(${i}, 100, 0, 'dist ${i}')`)
      .join(', ')}`,
  );
}

/** Terminals that work until they are stopped. */
export class Tpcc {
  /** Transactions that were committed. */
  done = 0;
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();

  start(server: MysqlServer, terminals: number, pauseMs: number): void {
    this.#running = Promise.all(numbers(terminals).map(() => this.#terminal(server, pauseMs)));
  }

  /** Rejects with what a terminal failed of. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #terminal(server: MysqlServer, pauseMs: number): Promise<void> {
    const connection = await server.connect();
    try {
      while (!this.#stopping) {
        await this.#transaction(connection);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      await connection.close();
    }
  }

  async #transaction(connection: Connection): Promise<void> {
    const run = (sql: string) => connection.query('a terminal', sql);
    const kind = Math.random();
    try {
      await run('begin');
      if (kind < 0.45) await placeOrder(run);
      else if (kind < 0.9) await pay(run);
      else await deliver(run);
      await run(Math.random() < 0.01 ? 'rollback' : 'commit');
      this.done++;
    } catch (error) {
      if (!/deadlock|lock wait/i.test(String(error))) throw error;
      await run('rollback');
    }
  }
}

type Run = (sql: string) => ReturnType<Connection['query']>;

async function placeOrder(run: Run): Promise<void> {
  const d = below(DISTRICTS);
  const [row] = await run(`select d_next from app.district where d_id = ${d} for update`);
  const order = Number(row?.['d_next']);
  const lines = 1 + below(8);
  await run(`update app.district set d_next = d_next + 1 where d_id = ${d}`);
  await run(`insert into app.orders values (${d}, ${order}, ${below(CUSTOMERS)}, now(3), null, ${lines})`);
  await run(`insert into app.new_order values (${d}, ${order})`);
  const values = numbers(lines).map(
    (n) => `(${d}, ${order}, ${n}, ${below(ITEMS)}, ${1 + below(9)}, ${Math.random() * 1000}, null)`,
  );
  await run(`insert into app.order_line values ${values.join(', ')}`);
  const first = below(ITEMS - 5);
  await run(
    `update app.stock set s_quantity = if(s_quantity < 20, s_quantity + 91, s_quantity - 7), s_ytd = s_ytd + 7 where s_i between ${first} and ${first + 4}`,
  );
}

async function pay(run: Run): Promise<void> {
  const d = below(DISTRICTS);
  const c = below(CUSTOMERS);
  const amount = (below(500_000) / 100).toFixed(2);
  await run(`update app.district set d_ytd = d_ytd + ${amount} where d_id = ${d}`);
  await run(
    `update app.customer set c_balance = c_balance - ${amount}, c_data = concat(left('${'é'.repeat(below(40))}', 30), '${amount}') where c_d = ${d} and c_id = ${c}`,
  );
  await run(`insert into app.history values (${c}, ${d}, now(6), ${amount})`);
}

async function deliver(run: Run): Promise<void> {
  const d = below(DISTRICTS);
  const [row] = await run(`select min(n_o) as o from app.new_order where n_d = ${d} for update`);
  const order = row?.['o'];
  if (order === null || order === undefined) return;
  await run(`delete from app.new_order where n_d = ${d} and n_o = ${order}`);
  await run(`update app.orders set o_carrier = ${below(10)} where o_d = ${d} and o_id = ${order}`);
  await run(`update app.order_line set l_delivered = now() where l_d = ${d} and l_o = ${order}`);
  // A parcel goes to another customer: the key of its row changes.
  await run(`update app.order_line set l_n = l_n + 100 where l_d = ${d} and l_o = ${order} and l_n = 0`);
}
