import type { RawConfig } from '../../connector/options.ts';
import { SHOP_SCHEMA } from './shop.ts';

export const SOURCE = 'shop';
/** The sink of the search index. */
export const SEARCH = 'search';
export const TABLES = ['customers', 'products', 'orders', 'order_items'] as const;
const PREFIX = 'demo';

/** The archives the demo keeps, by connector name. */
export const ARCHIVES = [
  { name: 'archive-jsonl', format: 'json', formatClass: 'io.confluent.connect.s3.format.json.JsonFormat' },
  { name: 'archive-parquet', format: 'parquet', formatClass: 'io.confluent.connect.s3.format.parquet.ParquetFormat' },
] as const;

/** Debezium's configuration of the shop. */
export function sourceConfig(url: string): RawConfig {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': decodeURIComponent(hostname),
    'database.port': port === '' ? '5432' : port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': decodeURIComponent(pathname.slice(1)),
    'topic.prefix': PREFIX,
    'schema.include.list': SHOP_SCHEMA,
    'plugin.name': 'pgoutput',
    'slot.name': 'millrace_demo',
    'publication.name': 'millrace_demo',
    'publication.autocreate.mode': 'filtered',
    'decimal.handling.mode': 'string',
    'heartbeat.interval.ms': '1000',
  };
}

/** The whole record of every change, as files that are complete after at most a second. */
export function archiveConfig(folder: string, formatClass: string): RawConfig {
  return {
    'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
    'topics.regex': `${PREFIX}\\.${SHOP_SCHEMA}\\..*`,
    'store.url': `file://${folder}`,
    'format.class': formatClass,
    'millrace.envelope': 'true',
    'flush.size': '20000',
    'rotate.schedule.interval.ms': '1000',
    timezone: 'UTC',
  };
}

/** Rows as documents, an index for each table. User and password may stand in the address. */
export function searchConfig(url: string): RawConfig {
  const { origin, pathname, username, password } = new URL(url);
  const config = {
    'connector.class': 'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
    'connection.url': `${origin}${pathname === '/' ? '' : pathname}`,
    'topics.regex': `${PREFIX}\\.${SHOP_SCHEMA}\\..*`,
    'millrace.unwrap': 'true',
    'behavior.on.malformed.documents': 'fail',
  };
  if (username === '') return config;
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  return { ...config, 'connection.username': user, 'connection.password': secret };
}

export function topicOf(table: string): string {
  return `${PREFIX}.${SHOP_SCHEMA}.${table}`;
}
