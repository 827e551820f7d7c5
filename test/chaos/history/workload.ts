import { Client } from 'pg';
import type { PostgresServer } from '../../services/postgres.ts';
import type { OracleEntry } from './checker.ts';

/**
 * `item` is replicated whole (its deletes show the last `seq`); `doc` has a large column that is
 * stored out of line and mostly unchanged, and never loses a row. Every change is written to
 * `oracle` in its own transaction. Only `item` and `doc` are captured.
 */
const SCHEMA = `
create table item (key int primary key, seq int not null, payload text not null);
alter table item replica identity full;
create table doc (key int primary key, seq int not null, small text not null, big text not null);
alter table doc alter column big set storage external;
create table state (tab text, key int, seq int not null, live boolean not null, primary key (tab, key));
create table oracle (id bigserial primary key, tab text not null, key int not null, seq int not null, op char not null);
create function work(keys int, changes int) returns void language plpgsql as $$
declare k int; s int; alive boolean; t text; o char;
begin
  for i in 1..changes loop
    k := 1 + floor(random() * keys)::int;
    t := case when random() < 0.3 then 'doc' else 'item' end;
    select seq, live into s, alive from state where tab = t and key = k for update;
    if not found then
      s := 0; alive := false;
      insert into state values (t, k, 0, false);
    end if;
    s := s + 1;
    if not alive then
      o := 'c';
      if t = 'item' then insert into item values (k, s, repeat(md5(random()::text), 3));
      else insert into doc values (k, s, 'small ' || s, repeat(md5(k::text), 200)); end if;
    elsif t = 'item' and random() < 0.2 then
      o := 'd';
      delete from item where key = k;
    else
      o := 'u';
      if t = 'item' then update item set seq = s, payload = repeat(md5(random()::text), 3) where key = k;
      elsif random() < 0.1 then update doc set seq = s, big = repeat(md5(s::text), 200) where key = k;
      else update doc set seq = s, small = 'small ' || s where key = k; end if;
    end if;
    update state set seq = s, live = (o <> 'd') where tab = t and key = k;
    insert into oracle (tab, key, seq, op) values (t, k, s, o);
  end loop;
end $$;`;

export async function createWorkload(server: PostgresServer): Promise<void> {
  await server.sql(SCHEMA);
}

export interface Workload {
  transactions: number;
  stop(): Promise<void>;
}

/** Writes until stopped; a lost connection is opened again. `pauseMs` between transactions. */
export function startWorkload(server: PostgresServer, keys = 200, pauseMs = 1): Workload {
  const stopping = new AbortController();
  const workload: Workload = { transactions: 0, stop: async () => undefined };
  const done = (async () => {
    while (!stopping.signal.aborted) {
      const client = new Client({ connectionString: server.url });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!stopping.signal.aborted) {
          await client.query('select work($1, $2)', [keys, 1 + Math.floor(Math.random() * 20)]);
          workload.transactions++;
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 100));
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  })();
  workload.stop = async () => {
    stopping.abort();
    await done;
  };
  return workload;
}

export async function readOracle(server: PostgresServer, table: 'item' | 'doc'): Promise<OracleEntry[]> {
  const rows = await server.sql('select key, seq, op from oracle where tab = $1 order by id', [table]);
  return rows.map((row) => ({
    key: String(row['key']),
    seq: Number(row['seq']),
    op: row['op'] as OracleEntry['op'],
  }));
}
