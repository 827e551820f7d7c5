import { debeziumRecords, type DebeziumRecords } from '../change/debezium-records.ts';

/** What Debezium wrote of one family, and how its records vary from run to run. */
export function recordedOf(folder: 'debezium-mariadb' | 'debezium-mysql'): DebeziumRecords {
  return debeziumRecords({
    folder,
    volatile: ['version', 'd_ts', 'd_expr', 'thread', 'pos', 'file', 'gtid'],
    transactionId: () => 'GTID',
  });
}
