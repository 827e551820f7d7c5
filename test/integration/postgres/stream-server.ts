import { afterAll, afterEach, beforeAll } from 'vitest';
import type { StoredOffset } from '../../../connectors/postgres/offset.ts';
import { startPostgres, type PostgresServer, type TestPostgresOptions } from '../../services/postgres.ts';
import { createStream, openStream, type OpenStream, type StreamSetup } from './stream-harness.ts';

interface Fixture {
  readonly setup: StreamSetup;
  readonly from: StoredOffset;
  readonly table: string;
}

interface StreamServer {
  readonly server: () => PostgresServer;
  readonly sql: PostgresServer['sql'];
  /** A table with a publication and a slot of its own. */
  readonly fixture: (columns?: string, more?: Partial<StreamSetup>) => Promise<Fixture>;
  /** Closed after the test. */
  readonly open: (setup: StreamSetup, from: StoredOffset) => Promise<OpenStream>;
}

/** A server for the tests of a file, and streams from it. */
export function streamServer(options: TestPostgresOptions = {}): StreamServer {
  let server: PostgresServer;
  let number = 0;
  const opened: OpenStream[] = [];
  beforeAll(async () => {
    server = await startPostgres(options);
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const stream of opened.splice(0)) await stream.close();
  });
  return {
    server: () => server,
    sql: (...call) => server.sql(...call),
    fixture: async (columns = 'id int primary key, v text', more = {}) => {
      const table = `s${++number}`;
      await server.sql(`create table ${table} (${columns}); create publication ${table} for table ${table}`);
      const { host, port, user, database } = server;
      const setup: StreamSetup = { server: { host, port, user, database }, slot: table, publication: table, ...more };
      return { setup, from: await createStream(setup), table };
    },
    open: async (setup, from) => {
      const stream = await openStream(setup, from);
      opened.push(stream);
      return stream;
    },
  };
}
