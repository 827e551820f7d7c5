import { RecordCursor } from '../../hub/batch/record-cursor.ts';
import type { Hub } from '../../hub/port.ts';
import type { RawHeader } from '../../record/record.ts';
import type { DeadLetterFilter } from '../../store/redrives.ts';
import { readDeadLetter, type DeadLetterFacts } from '../error/dead-letter-facts.ts';

/** A dead letter as it stands in its topic. */
export interface StoredDeadLetter {
  readonly topic: string;
  /** A topic of the same name that was made anew has other dead letters at the same offsets. */
  readonly topicId: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RawHeader[];
  readonly facts: DeadLetterFacts;
}

export interface LogPlace {
  readonly partition: number;
  readonly from: bigint;
  /** Exclusive. */
  readonly to: bigint;
}

const WAIT_MS = 100;

/** Where each partition of a topic begins and ends now; none where there is no such topic. */
export async function wholeLog(hub: Hub, topic: string): Promise<readonly LogPlace[]> {
  const found = await hub.admin.describe(topic);
  return Promise.all(
    Array.from({ length: found?.partitions ?? 0 }, async (_, partition) => {
      const { earliest, latest } = await hub.admin.offsets({ topic, partition }, 'read_committed');
      return { partition, from: earliest, to: latest };
    }),
  );
}

/** The dead letters of a connector, in offset order per partition; one fetch in memory at a time (I7). */
export async function* deadLetters(
  hub: Hub,
  topic: string,
  connector: string,
  places: readonly LogPlace[],
  signal: AbortSignal,
): AsyncGenerator<StoredDeadLetter> {
  const topicId = (await hub.admin.describe(topic))?.id;
  if (topicId === undefined) return;
  for (const { partition, from, to } of places) {
    for await (const at of records(hub, topic, partition, from, to, signal)) {
      const headers = at.headers();
      const facts = readDeadLetter(headers);
      if (facts?.connector !== connector) continue;
      const { offset, timestampMs } = at;
      yield { topic, topicId, partition, offset, timestampMs, key: at.key(), value: at.value(), headers, facts };
    }
  }
}

/** Records of one partition; the cursor is valid until the next one is asked for. */
export async function* records(
  hub: Hub,
  topic: string,
  partition: number,
  from: bigint,
  to: bigint,
  signal: AbortSignal,
): AsyncGenerator<RecordCursor> {
  if (from >= to) return;
  const reader = await hub.reader({ isolation: 'read_committed' });
  try {
    reader.assign([{ topic, partition, offset: from }]);
    while (reader.position(topic, partition) < to) {
      const before = reader.position(topic, partition);
      for (const { bytes } of await reader.read(WAIT_MS, signal)) {
        const cursor = new RecordCursor(bytes);
        while (cursor.next()) if (cursor.offset >= before && cursor.offset < to) yield cursor;
      }
    }
  } finally {
    await reader.close();
  }
}

export function matches({ facts, key }: StoredDeadLetter, filter: DeadLetterFilter): boolean {
  const { error, fromMs, toMs } = filter;
  if (fromMs !== undefined && facts.at < fromMs) return false;
  if (toMs !== undefined && facts.at >= toMs) return false;
  if (error !== undefined && !isError(facts, error)) return false;
  return filter.key === undefined || keyTexts(key).includes(filter.key);
}

function isError({ code, message, stage }: DeadLetterFacts, wanted: string): boolean {
  const part = wanted.toLowerCase();
  return stage.toLowerCase() === part || code.toLowerCase().includes(part) || message.toLowerCase().includes(part);
}

/** The ways in which a key may be written: its text, a JSON text without quotes, the payload of an envelope. */
function keyTexts(key: Buffer | null): readonly string[] {
  if (key === null) return ['null'];
  const text = key.toString();
  try {
    const parsed = JSON.parse(text) as unknown;
    const inner =
      typeof parsed === 'object' && parsed !== null && 'payload' in parsed && 'schema' in parsed
        ? parsed.payload
        : parsed;
    return [text, typeof inner === 'string' ? inner : JSON.stringify(inner)];
  } catch {
    return [text];
  }
}
