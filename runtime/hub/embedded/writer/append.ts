import { readBatchHeader, verifyBatch } from '../../batch/batch-header.ts';
import { ATTRIBUTES_AT, HEADER_BYTES, PRODUCER_ID_AT, TRANSACTIONAL } from '../../batch/format.ts';
import { stampAppendTime } from '../../batch/seal-batch.ts';
import { MillraceError } from '../../../record/error.ts';
import type { Commit } from './commit.ts';
import type { DiskGuard } from '../store/disk-guard.ts';
import { partitionsChanged, recordTooLarge, transactionInvalid } from '../errors.ts';
import type { Answer, Ask } from '../channel/protocol.ts';
import type { Store } from '../store/store.ts';
import type { Topics } from './topics.ts';
import type { Transactions } from './transactions.ts';

export interface AppendPlace {
  readonly store: Store;
  readonly topics: Topics;
  readonly transactions: Transactions;
  readonly guard: DiskGuard;
}

/** A transaction that lacks this batch must not be committed, nor one sent after it. */
export function appendFailed(transactions: Transactions, ask: Ask<'append'>, error: unknown): void {
  const { batch } = ask;
  if (!(error instanceof MillraceError) || batch.byteLength < HEADER_BYTES) return;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  if ((view.getInt16(ATTRIBUTES_AT) & TRANSACTIONAL) === 0) return;
  transactions.find(Number(view.getBigInt64(PRODUCER_ID_AT)))?.breakWindow(ask.window, error);
}

/** Appends one batch within a commit. Everything that can refuse it comes before the first change. */
export function appendBatch(place: AppendPlace, commit: Commit, ask: Ask<'append'>): Answer<'append'> {
  const { store, topics, transactions, guard } = place;
  const batch = Buffer.from(ask.batch.buffer, ask.batch.byteOffset, ask.batch.byteLength);
  const partition = topics.partition(ask.topic, ask.partition);
  const { settings } = partition;
  const { placedIn } = ask;
  if (placedIn !== undefined && placedIn !== topics.size(ask.topic))
    throw partitionsChanged(ask.topic, placedIn, topics.size(ask.topic));
  if (batch.length > settings.maxMessageBytes) throw recordTooLarge(ask.topic, batch.length, settings.maxMessageBytes);
  verifyBatch(batch);
  const header = readBatchHeader(batch);
  if (header.sizeBytes !== batch.length) throw transactionInvalid('an append takes one record batch');
  const producer = transactions.producer(Number(header.producerId), header.producerEpoch);
  const broken = header.transactional ? producer.broken(ask.window) : null;
  if (broken !== null) throw broken;
  const earlier = producer.duplicate(partition, header);
  if (earlier !== null) return earlier;
  guard.take(batch.length, ask.topic);
  if (header.transactional) transactions.join(commit, producer, partition);
  const logAppendTimeMs = settings.logAppendTime ? commit.nowMs : -1;
  if (settings.logAppendTime) stampAppendTime(batch, commit.nowMs);
  const stamped = settings.logAppendTime ? readBatchHeader(batch) : header;
  const baseOffset = partition.append(commit, store, batch, stamped);
  producer.remember(commit, partition, header, { baseOffset, logAppendTimeMs });
  return { baseOffset, logAppendTimeMs };
}
