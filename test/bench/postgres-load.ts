import type { PostgresServer } from '../services/postgres.ts';

/** Server settings for benchmarks: no checkpoints or syncs in the way of what is measured. */
export const BENCH_SETTINGS = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '60min',
  synchronous_commit: 'off',
  autovacuum: 'off',
  logical_decoding_work_mem: '256MB',
};

/** Ten columns, about 208 bytes a heap row; its event is about 680 bytes of JSON. */
export const NARROW_TABLE = `create table bench (
  id bigint primary key, customer integer not null, sku varchar(16) not null, status text not null,
  quantity smallint not null, price numeric(12,2) not null, placed timestamptz not null, gift boolean not null,
  score double precision, note text not null)`;

export const NARROW_ROW = `i, i % 100000, 'SKU-' || lpad((i % 1000000)::text, 10, '0'), (array['new','paid','shipped'])[1 + i % 3],
  i % 50, (i % 100000) / 100.0, timestamptz '2024-01-01 00:00:00+00' + i * interval '1.001 seconds', i % 2 = 0,
  i / 7.0, rpad('note ' || i, 111, 'x')`;

/** Twenty columns, about 1 kB a row. */
export const WIDE_TABLE = `create table bench (id bigint primary key, ${Array.from({ length: 19 }, (_, c) => `c${c} text not null`).join(', ')})`;

export const WIDE_ROW = `i, ${Array.from({ length: 19 }, (_, c) => `rpad('value ' || (i + ${c}), 52, 'y')`).join(', ')}`;

/** Inserts `rows` rows in transactions of `perTransaction`. */
export async function load(server: PostgresServer, row: string, rows: number, perTransaction: number): Promise<void> {
  await server.sql(`do $$ begin
    for chunk in 0..${Math.ceil(rows / perTransaction) - 1} loop
      insert into bench select ${row} from generate_series(chunk * ${perTransaction} + 1, least(${rows}, (chunk + 1) * ${perTransaction})) i;
      commit;
    end loop; end $$`);
}

export async function walPosition(server: PostgresServer): Promise<string> {
  const [row] = await server.sql('select pg_current_wal_lsn() as lsn');
  return row?.['lsn'] ?? '0/0';
}
