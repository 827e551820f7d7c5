import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll } from 'vitest';
import type { RestContext } from '../../../runtime/rest/rest-context.ts';
import { startTestWorker, type TestWorker } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';

/** A worker and its REST server, for all tests of a file. */
export function useTestServer(more: Partial<RestContext>): {
  readonly worker: TestWorker;
  readonly app: FastifyInstance;
} {
  let worker: TestWorker;
  let app: FastifyInstance;

  beforeAll(async () => {
    worker = await startTestWorker();
    app = testServer(worker, more);
  });

  afterAll(async () => {
    await app.close();
    await worker.close();
  });

  return {
    get worker() {
      return worker;
    },
    get app() {
      return app;
    },
  };
}
