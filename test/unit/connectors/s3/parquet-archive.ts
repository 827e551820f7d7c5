import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { connector } from '../../../../connectors/s3/index.ts';
import type { SinkRecord } from '../../../../runtime/connector/sink.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import type { Value } from '../../../../runtime/record/value.ts';
import { finishedFiles } from './archive-folder.ts';
import { sinkRecord, taskStart, unsyncedEnv } from './sink-records.ts';
import { feed } from './topic-reader.ts';

export interface Written {
  readonly rejected: number;
  readonly files: number;
}

/** A folder that this connector writes and DuckDB reads. */
export class ParquetArchive implements AsyncDisposable {
  readonly root: string;
  readonly duck: DuckDBConnection;

  constructor(root: string, duck: DuckDBConnection) {
    this.root = root;
    this.duck = duck;
  }

  static async create(): Promise<ParquetArchive> {
    const duck = await (await DuckDBInstance.create()).connect();
    return new ParquetArchive(await mkdtemp(join(tmpdir(), 'millrace-parquet-')), duck);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.duck.closeSync();
    await rm(this.root, { recursive: true });
  }

  get glob(): string {
    return join(this.root, 'topics/**/*.parquet');
  }

  async write(topic: readonly SinkRecord[], more: Record<string, string> = {}): Promise<Written> {
    if (connector.kind !== 'sink') throw new Error('not a sink');
    const size = String(topic.length);
    const config = { 'store.url': `file://${this.root}`, 'flush.size': size, 'format.class': 'ParquetFormat' };
    const task = connector.createTask({ ...config, ...more });
    await task.open(taskStart(unsyncedEnv));
    const { rejected } = await feed(task, topic);
    await task.close();
    return { rejected, files: (await finishedFiles(this.root)).size };
  }

  async rows(select = '*', topic = ''): Promise<Record<string, unknown>[]> {
    const files = join(this.root, 'topics', topic, '**/*.parquet');
    const from = `read_parquet('${files}', union_by_name = true, hive_partitioning = false)`;
    const reader = await this.duck.runAndReadAll(`SELECT ${select} FROM ${from}`);
    return reader.getRowObjectsJson() as Record<string, unknown>[];
  }
}

/** Records of one schema. */
export function typed(schema: Schema, values: readonly Value[]): SinkRecord[] {
  return values.map((value, offset) => sinkRecord({ offset, valueDatum: { schema, value } }));
}
