import type { Json, ParsedRecord } from './debezium-records.ts';

/** Every place where two JSON documents differ, as `path: recorded → ours`. */
export function differences(recorded: Json, ours: Json, path = ''): string[] {
  if (recorded !== null && ours !== null && typeof recorded === 'object' && typeof ours === 'object') {
    if (Array.isArray(recorded) !== Array.isArray(ours)) return [line(path, recorded, ours)];
    if (Array.isArray(recorded) && Array.isArray(ours)) return arrays(recorded, ours, path);
    const left = recorded as { [key: string]: Json };
    const right = ours as { [key: string]: Json };
    const order =
      Object.keys(left).join() === Object.keys(right).join() ||
      Object.keys(left).toSorted().join() !== Object.keys(right).toSorted().join()
        ? []
        : [`${path}: order of fields ${Object.keys(left).join()} → ${Object.keys(right).join()}`];
    return [
      ...order,
      ...[...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap((name) =>
        differences(
          name in left ? (left[name] ?? null) : '(absent)',
          name in right ? (right[name] ?? null) : '(absent)',
          `${path}.${name}`,
        ),
      ),
    ];
  }
  return Object.is(recorded, ours) ? [] : [line(path, recorded, ours)];
}

/** Arrays of schema fields are matched by name, others by place. */
function arrays(recorded: readonly Json[], ours: readonly Json[], path: string): string[] {
  const left = byField(recorded);
  const right = byField(ours);
  if (left === undefined || right === undefined) {
    const count = Math.max(recorded.length, ours.length);
    return Array.from({ length: count }, (_, i) =>
      differences(
        recorded[i] ?? (i < recorded.length ? null : '(absent)'),
        ours[i] ?? (i < ours.length ? null : '(absent)'),
        `${path}[${i}]`,
      ),
    ).flat();
  }
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const shared = (keys: Iterable<string>): string =>
    [...keys].filter((name) => left.has(name) && right.has(name)).join();
  return [
    ...(shared(left.keys()) === shared(right.keys()) ? [] : [`${path}: order of fields`]),
    ...names.flatMap((name) =>
      differences(left.get(name) ?? '(absent)', right.get(name) ?? '(absent)', `${path}.<${name}>`),
    ),
  ];
}

function byField(items: readonly Json[]): Map<string, Json> | undefined {
  const named = items.map((item) =>
    item !== null && typeof item === 'object' && !Array.isArray(item) && typeof item['field'] === 'string'
      ? ([item['field'], item] as const)
      : undefined,
  );
  if (items.length === 0 || named.includes(undefined)) return undefined;
  return new Map(named.filter((entry) => entry !== undefined));
}

function line(path: string, recorded: Json, ours: Json): string {
  return `${path}: ${short(recorded)} → ${short(ours)}`;
}

function short(json: Json): string {
  const text = JSON.stringify(json);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

/** Differences of a topic's records, each with the record's number. */
export function topicDifferences(recorded: readonly ParsedRecord[], ours: readonly ParsedRecord[]): string[] {
  const count = Math.max(recorded.length, ours.length);
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const left = recorded[i];
    const right = ours[i];
    if (left === undefined || right === undefined)
      found.push(`#${i}: ${left === undefined ? 'one more' : 'missing'} ${JSON.stringify((left ?? right)?.key)}`);
    else {
      const parts = [
        ...differences(left.key, right.key, 'key'),
        ...differences(left.headers, right.headers, 'headers'),
        ...differences(left.value, right.value, 'value'),
      ];
      found.push(...parts.map((part) => `#${i} ${part}`));
    }
  }
  return found;
}
