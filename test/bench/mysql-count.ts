import type { StreamPlace } from '../../connectors/mysql/offset.ts';
import { startDump } from '../../connectors/mysql/stream/binlog-start.ts';
import { realEnv } from '../../runtime/env/real.ts';
import type { MysqlServer } from '../services/mysql.ts';

const never = new AbortController().signal;

/** Takes every event of the binlog between two places and looks at nothing but its header and checksum: what the server can send. */
export async function countEvents(server: MysqlServer, from: StreamPlace, to: StreamPlace): Promise<number> {
  const connection = {
    host: server.host,
    port: server.port,
    user: server.user,
    password: '',
    sslMode: 'disabled',
    connectTimeoutMs: 10_000,
    keepAlive: false,
    initialStatements: [],
  } as const;
  const dump = { connection, serverId: 184_057, heartbeatMs: 10_000, annotate: false };
  const feed = await startDump(dump, realEnv, from, undefined, never);
  let events = 0;
  for (let done = false; !done;) {
    for (; !done && feed.next(); events++) done = feed.file === to.file && feed.position >= to.position;
    if (!done && !feed.take()) await feed.wait(never);
  }
  feed.close();
  return events;
}
