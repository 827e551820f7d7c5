import type { FastifyInstance } from 'fastify';
import { DeadLetterService } from '../../../runtime/app/dead-letters/dead-letter-service.ts';
import { alterTopic } from '../../../runtime/app/alter-topic.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { restServer } from '../../../runtime/rest/server.ts';
import type { RestContext } from '../../../runtime/rest/rest-context.ts';
import type { TestWorker } from '../cluster/test-worker.ts';

export function testServer(worker: TestWorker, more: Partial<RestContext> = {}): FastifyInstance {
  return restServer({
    herder: worker.herder,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    version: '4.3.1',
    commit: '26b251a451ce941d',
    hubId: 'CLUSTER_ID',
    plugins: () => worker.catalog.list(),
    health: () => ({
      status: 'healthy',
      message: 'Worker has completed startup and is ready to handle requests.',
      connectors: worker.herder.figures.setbacks(),
    }),
    deadLetters: new DeadLetterService({
      hub: worker.hub,
      env: realEnv,
      connector: (name) => ({ config: worker.herder.answers.config(name), kind: 'sink' }),
    }),
    loggers: worker.loggers,
    clusterLevel: (logger, level) => worker.configs.putLevel(logger, level),
    metrics: async () => ({ text: 'up 1\n', contentType: 'text/plain; version=0.0.4' }),
    topics: {
      list: () => worker.hub.admin.topics(),
      create: (name, partitions, config) => worker.hub.admin.createTopic(name, partitions, config),
      alter: (name, change) => alterTopic(worker.hub, new Set(['inner']), name, change),
      produce: () => Promise.resolve({ records: [] }),
    },
    bodyBytes: 65536,
    hosts: null,
    allowOrigin: '',
    allowMethods: '',
    topicTracking: true,
    topicTrackingReset: true,
    ...more,
  });
}
