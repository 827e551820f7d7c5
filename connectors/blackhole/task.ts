import type {
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
  SinkTaskStart,
} from '../../runtime/connector/sink.ts';
import { topicPartitionName } from '../../runtime/record/record.ts';
import { asError } from '../../runtime/record/thrown.ts';

const NOTHING: Offsets = new Map();

/** What it has counted is as durable as it will ever be. */
export class BlackholeTask implements SinkTask {
  readonly #decode: boolean;

  constructor(decode: boolean) {
    this.#decode = decode;
  }

  open({ context }: SinkTaskStart): Promise<void> {
    context.stage('counting');
    return Promise.resolve();
  }

  assign(): Promise<void> {
    return Promise.resolve();
  }

  revoke(): Promise<Offsets> {
    return Promise.resolve(NOTHING);
  }

  write(batch: readonly SinkRecord[]): Promise<SinkResult> {
    const durable = new Map<string, bigint>();
    for (let i = 0; i < batch.length; i++) {
      const record = batch[i] as SinkRecord;
      const after = batch[i + 1];
      // Records come in runs of one partition: the last of a run says it all.
      if (after?.partition === record.partition && after.topic === record.topic) continue;
      durable.set(topicPartitionName(record), record.offset + 1n);
    }
    const rejected = this.#decode ? batch.flatMap(undecodable) : [];
    return Promise.resolve(rejected.length === 0 ? { durable } : { durable, rejected });
  }

  redrive(batch: readonly RedrivenRecord[]): Promise<{ rejected: readonly SinkRejection[] }> {
    return Promise.resolve({ rejected: this.#decode ? batch.flatMap(({ record }) => undecodable(record)) : [] });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function undecodable(record: SinkRecord): readonly SinkRejection[] {
  try {
    record.key();
    record.value();
    return [];
  } catch (error) {
    return [{ record, error: asError(error) }];
  }
}
