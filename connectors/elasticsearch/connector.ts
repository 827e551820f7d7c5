import type { SinkConnector } from '../../runtime/connector/connector.ts';
import { checkOptions, type RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { check } from './check.ts';
import { indexedRows } from './indexed-rows.ts';
import { elasticsearchOptions } from './options.ts';
import { previewDocuments } from './preview.ts';
import { ShadowIndexes } from './shadow-index.ts';
import { ElasticsearchSinkTask } from './task.ts';
import { validateOptions } from './validate.ts';

/** Keeps indexes of Elasticsearch or OpenSearch true to topics. */
export const elasticsearchSink: SinkConnector = {
  kind: 'sink',
  className: 'elasticsearch',
  aliases: [
    'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
    'io.aiven.kafka.connect.opensearch.OpenSearchSinkConnector',
  ],
  version: VERSION,
  replacesByKey: true,
  options: elasticsearchOptions,
  validate(config: RawConfig) {
    const { options, errors } = checkOptions(elasticsearchOptions, config);
    return errors.length > 0 ? [] : validateOptions(config, options);
  },
  check,
  /** Every task has the same configuration; the hub's consumer group divides the partitions. */
  plan: (config, tasksMax) => Array.from({ length: tasksMax }, () => config),
  createTask: (config) => new ElasticsearchSinkTask(config),
  preview: previewDocuments,
  rows: ({ config, env, signal }, topic) => indexedRows({ config, topic, env, signal }),
  rebuild: ({ config, env }, topics, mark) => ShadowIndexes.open(config, topics, mark, env),
};
