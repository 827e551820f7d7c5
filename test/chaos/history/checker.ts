/**
 * The oracle: what a writer committed, per key, in order. It is written in the same source
 * transactions as the rows themselves, so a lost COMMIT answer leaves no doubt.
 */
export interface OracleEntry {
  readonly key: string;
  /** 1, 2, 3, … per key. */
  readonly seq: number;
  readonly op: 'c' | 'u' | 'd';
}

/** What the hub (or an archive) holds of a key, in offset order. `seq` is that of the change it shows. */
export interface ObservedEvent {
  readonly key: string;
  readonly seq: number;
  readonly op: 'c' | 'u' | 'd' | 'r';
}

export type Anomaly = {
  readonly kind: 'lost' | 'hole' | 'phantom' | 'duplicate' | 'reorder' | 'wrong-op';
  readonly key: string;
  readonly detail: string;
};

export type Delivery = 'at-least-once' | 'exactly-once';

/**
 * Compares an observed history with the oracle.
 *
 * - The first event of a key may be a snapshot read of any state, or its first change.
 * - Afterwards the next change is the one after the last: `seq + 1`. In at-least-once it may also
 *   step back to any earlier change (a replay), from where the same holds again.
 * - A later snapshot read shows the state last seen, never an older one.
 * - At the end the last change of every key has been seen.
 */
export function checkHistory(
  oracle: readonly OracleEntry[],
  observed: readonly ObservedEvent[],
  delivery: Delivery,
): readonly Anomaly[] {
  const expected = groupByKey(oracle);
  const anomalies: Anomaly[] = [];
  const last = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const event of observed) {
    const changes = expected.get(event.key);
    const change = changes?.[event.seq - 1];
    const before = last.get(event.key);
    const found = change === undefined ? phantom(event) : step(event, change, before, delivery);
    if (found !== undefined) anomalies.push(found);
    last.set(event.key, event.seq);
    seen.set(event.key, Math.max(seen.get(event.key) ?? 0, event.seq));
  }
  for (const [key, changes] of expected) {
    const end = seen.get(key) ?? 0;
    const survives = changes.at(-1)?.op !== 'd' || end > 0;
    if (end < changes.length && (survives || end > 0)) {
      anomalies.push({ key, kind: 'lost', detail: `ends at ${end} of ${changes.length}` });
    }
  }
  return anomalies;
}

function step(
  event: ObservedEvent,
  change: OracleEntry,
  before: number | undefined,
  delivery: Delivery,
): Anomaly | undefined {
  const { key, seq, op } = event;
  const at = (kind: Anomaly['kind']): Anomaly => ({ key, kind, detail: `${op} ${seq} after ${before ?? 'nothing'}` });
  if (op === 'r') {
    if (change.op === 'd') return at('phantom');
    if (before === undefined || seq === before) return undefined;
    return at(seq < before ? 'reorder' : 'hole');
  }
  if (op !== change.op) return { key, kind: 'wrong-op', detail: `${op} where ${change.op} ${seq} was written` };
  if (before === undefined) return seq === 1 ? undefined : at('hole');
  if (seq === before + 1) return undefined;
  if (seq > before) return at('hole');
  if (delivery === 'at-least-once') return undefined;
  return at(seq === before ? 'duplicate' : 'reorder');
}

function phantom(event: ObservedEvent): Anomaly {
  return { key: event.key, kind: 'phantom', detail: `${event.op} ${event.seq} was never committed` };
}

function groupByKey(oracle: readonly OracleEntry[]): Map<string, OracleEntry[]> {
  const groups = new Map<string, OracleEntry[]>();
  for (const entry of oracle) {
    const group = groups.get(entry.key);
    if (group === undefined) groups.set(entry.key, [entry]);
    else group.push(entry);
  }
  for (const group of groups.values()) group.sort((a, b) => a.seq - b.seq);
  return groups;
}
