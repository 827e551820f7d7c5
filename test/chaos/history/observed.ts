import { readHubTopic } from '../harness/read-hub-topic.ts';
import type { ObservedEvent } from './checker.ts';

interface Envelope {
  readonly op: ObservedEvent['op'];
  readonly before: { readonly key: number; readonly seq: number | null } | null;
  readonly after: { readonly key: number; readonly seq: number } | null;
}

/** One event of a captured table, from its JSON; undefined: a tombstone. */
function observedEvent(value: string | undefined): ObservedEvent | undefined {
  if (value === undefined || value === 'null') return undefined;
  const { op, before, after } = JSON.parse(value) as Envelope;
  if (op !== 'd' && after !== null) return { key: String(after.key), seq: after.seq, op };
  return before === null ? undefined : { key: String(before.key), seq: (before.seq ?? 0) + 1, op };
}

/** All events of a topic, as committed readers see them. */
export async function readObserved(hubPath: string, topic: string): Promise<ObservedEvent[]> {
  const events: ObservedEvent[] = [];
  await readHubTopic(hubPath, topic, (record) => {
    const event = observedEvent(record.value()?.toString());
    if (event !== undefined) events.push(event);
  });
  return events;
}
