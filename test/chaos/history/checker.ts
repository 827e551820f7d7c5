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
 * Compares an observed history with the oracle. `baseline` are the first entries of the oracle: what
 * was committed before the connector's slot, and came as snapshot reads.
 *
 * - The next change of a key is the one after the last seen, or after the baseline: `seq + 1`. In
 *   at-least-once it may also step back to any change after the baseline (a replay), from where the
 *   same holds again.
 * - A snapshot read shows the state last seen (or the baseline's), never an older or a later one.
 * - At the end the last change of every key has been seen; a key that did not change was read.
 */
export function checkHistory(
  oracle: readonly OracleEntry[],
  observed: readonly ObservedEvent[],
  delivery: Delivery,
  baseline = 0,
): readonly Anomaly[] {
  const expected = groupByKey(oracle);
  const start = new Map(oracle.slice(0, baseline).map(({ key, seq }) => [key, seq]));
  const anomalies: Anomaly[] = [];
  const last = new Map(start);
  const seen = new Map<string, number>();
  for (const event of observed) {
    const { key, seq } = event;
    const change = expected.get(key)?.[seq - 1];
    const from = { start: start.get(key) ?? 0, last: last.get(key) ?? 0 };
    const found = change === undefined ? phantom(event) : step(event, change, from, delivery);
    if (found !== undefined) anomalies.push(found);
    last.set(key, seq);
    seen.set(key, Math.max(seen.get(key) ?? 0, seq));
  }
  for (const [key, changes] of expected) {
    const end = seen.get(key) ?? 0;
    const gone = changes.at(-1)?.op === 'd' && start.get(key) === changes.length;
    if (end < changes.length && !gone)
      anomalies.push({ key, kind: 'lost', detail: `ends at ${end} of ${changes.length}` });
  }
  return anomalies;
}

function step(
  event: ObservedEvent,
  change: OracleEntry,
  from: { readonly start: number; readonly last: number },
  delivery: Delivery,
): Anomaly | undefined {
  const { key, seq, op } = event;
  const at = (kind: Anomaly['kind']): Anomaly => ({ key, kind, detail: `${op} ${seq} after ${from.last}` });
  if (op === 'r') {
    if (change.op === 'd') return at('phantom');
    if (seq === from.last) return undefined;
    return at(seq < from.last ? 'reorder' : 'hole');
  }
  if (op !== change.op) return { key, kind: 'wrong-op', detail: `${op} where ${change.op} ${seq} was written` };
  if (seq === from.last + 1) return undefined;
  if (seq > from.last) return at('hole');
  if (delivery === 'at-least-once' && seq > from.start) return undefined;
  return at(seq === from.last ? 'duplicate' : 'reorder');
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
