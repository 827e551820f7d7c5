import { debeziumRecords } from '../change/debezium-records.ts';

export const { fixture, recordedEvents, byTopic } = debeziumRecords({
  folder: 'debezium-postgres',
  volatile: ['lsn', 'txId', 'sequence', 'version', 'd_ts', 'd_uuid'],
  transactionId: (id) => (typeof id === 'string' ? id.replace(/\d+/g, 'N') : id),
  signal: (text) => text.replace(/^[0-9a-f-]{36}/, 'UUID').replace(/\d{4}-[^"]*Z/g, 'TIME'),
});
