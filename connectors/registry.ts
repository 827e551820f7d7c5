import type { Connector } from '../runtime/connector/connector.ts';

/** A built-in connector, known by its names before any of its code is loaded. */
interface RegisteredConnector {
  /** Its name in `connector.class`. */
  readonly className: string;
  /** Java class names it answers to. */
  readonly aliases: readonly string[];
  readonly kind: Connector['kind'];
  load(): Promise<Connector>;
}

export const registeredConnectors: readonly RegisteredConnector[] = [
  {
    className: 'blackhole',
    aliases: [],
    kind: 'sink',
    load: async () => (await import('./blackhole/index.ts')).connector,
  },
  {
    className: 'elasticsearch',
    aliases: [
      'io.confluent.connect.elasticsearch.ElasticsearchSinkConnector',
      'io.aiven.kafka.connect.opensearch.OpenSearchSinkConnector',
    ],
    kind: 'sink',
    load: async () => (await import('./elasticsearch/index.ts')).connector,
  },
  {
    className: 'filestream-sink',
    aliases: ['org.apache.kafka.connect.file.FileStreamSinkConnector'],
    kind: 'sink',
    load: async () => (await import('./filestream/index.ts')).fileStreamSink,
  },
  {
    className: 'filestream-source',
    aliases: ['org.apache.kafka.connect.file.FileStreamSourceConnector'],
    kind: 'source',
    load: async () => (await import('./filestream/index.ts')).fileStreamSource,
  },
  {
    className: 'generator',
    aliases: [],
    kind: 'source',
    load: async () => (await import('./generator/index.ts')).connector,
  },
  {
    className: 'mysql',
    aliases: [
      'mariadb',
      'io.debezium.connector.mysql.MySqlConnector',
      'io.debezium.connector.mariadb.MariaDbConnector',
    ],
    kind: 'source',
    load: async () => (await import('./mysql/index.ts')).connector,
  },
  {
    className: 'postgres',
    aliases: ['io.debezium.connector.postgresql.PostgresConnector'],
    kind: 'source',
    load: async () => (await import('./postgres/index.ts')).connector,
  },
  {
    className: 's3',
    aliases: ['io.confluent.connect.s3.S3SinkConnector'],
    kind: 'sink',
    load: async () => (await import('./s3/index.ts')).connector,
  },
  {
    className: 'verifiable-sink',
    aliases: ['org.apache.kafka.connect.tools.VerifiableSinkConnector'],
    kind: 'sink',
    load: async () => (await import('./verifiable/index.ts')).verifiableSink,
  },
  {
    className: 'verifiable-source',
    aliases: ['org.apache.kafka.connect.tools.VerifiableSourceConnector'],
    kind: 'source',
    load: async () => (await import('./verifiable/index.ts')).verifiableSource,
  },
];

const BY_NAME: ReadonlyMap<string, RegisteredConnector> = new Map(
  registeredConnectors.flatMap((entry) => namesOf(entry).map((name) => [name.toLowerCase(), entry])),
);

/**
 * The connector of a `connector.class`: its own name, a Java class name, or, as in Kafka Connect,
 * the last part of that with or without `Connector`. undefined: there is none.
 */
export function findConnector(className: string): RegisteredConnector | undefined {
  return BY_NAME.get(className.trim().toLowerCase());
}

function namesOf({ className, aliases }: RegisteredConnector): readonly string[] {
  const simple = aliases.map((alias) => alias.slice(alias.lastIndexOf('.') + 1));
  return [className, ...aliases, ...simple, ...simple.map((name) => name.replace(/Connector$/, ''))];
}
