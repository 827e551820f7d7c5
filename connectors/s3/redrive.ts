import type { RedrivenRecord, SinkRecord, SinkRejection } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { ArchiveSettings } from './archive-settings.ts';
import { compareFacts } from './conflict.ts';
import { OpenFile } from './open-file.ts';
import { objectName } from './partition/naming.ts';
import { dataError, nullValue, placeOf } from './record-errors.ts';
import type { ObjectStore } from './store/object-store.ts';

/**
 * Archives dead letters, each in a file of its own, named by its offset as any file is: no file begins
 * at a record that was rejected. Such a file is there or not, so a repeated call writes nothing twice.
 */
export async function redriveRecords(
  batch: readonly RedrivenRecord[],
  settings: ArchiveSettings,
  store: ObjectStore,
  nowMs: number,
  signal: AbortSignal,
): Promise<readonly SinkRejection[]> {
  const rejected: SinkRejection[] = [];
  for (const { record } of batch) {
    try {
      await archiveOne(record, settings, store, nowMs, signal);
    } catch (error) {
      rejected.push({ record, error: dataError(error) });
    }
  }
  return rejected;
}

async function archiveOne(
  record: SinkRecord,
  settings: ArchiveSettings,
  store: ObjectStore,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { nullValues, tombstonePartition, partitioner, recordTime } = settings;
  if (record.tombstone && nullValues === 'fail') throw nullValue(record);
  if (record.tombstone && nullValues !== 'write') return;
  const timeMs = recordTime(record, nowMs);
  const folder = (record.tombstone ? tombstonePartition : null) ?? partitioner.encode(record.partition, timeMs);
  const file = openFile(record, folder, settings, store);
  try {
    file.append(record);
  } catch (error) {
    await file.abort();
    throw error;
  }
  for (const object of await file.complete(record.offset + 1n, signal)) {
    const verdict = compareFacts(object);
    // One that begins here and goes on holds the record: the topic was read again since.
    if (verdict.kind === 'ours' || (verdict.kind === 'other' && verdict.endOffset > record.offset + 1n)) continue;
    throw new MillraceError('S3_OBJECT_CONFLICT', `${placeOf(record)}: ${verdict.name} ${verdict.problem}`, {
      kind: 'data',
      remedy: 'The record was archived before in another form: remove that object to have it written again.',
    });
  }
}

function openFile(record: SinkRecord, encodedPartition: string, settings: ArchiveSettings, store: ObjectStore) {
  const { topic, partition, offset: firstOffset, destination = topic } = record;
  const names = settings.companions.map((companion) => {
    const extension = `${companion.suffix}${companion.format.extension}`;
    const named = { topic, destination, partition, encodedPartition, firstOffset, extension };
    return { companion, name: objectName(settings.naming, named) };
  });
  return new OpenFile(store, firstOffset, names);
}
