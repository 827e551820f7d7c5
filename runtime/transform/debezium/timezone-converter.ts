import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { CONNECT_TIMESTAMP } from '../../record/logical-types.ts';
import type { Schema } from '../../record/schema.ts';
import { struct, type StructValue, type Value } from '../../record/value.ts';
import { fieldOf } from '../field-path.ts';
import { isStruct } from '../java-class.ts';
import { DEBEZIUM_TRANSFORMS } from '../java-packages.ts';
import { rejected } from '../transform-error.ts';
import type { TransformRecord } from '../transform-record.ts';
import type { Transform, TransformKind } from '../transform.ts';
import { envelopeOf } from './envelope.ts';
import { TimezoneRules, type FieldChoice } from './timezone-rules.ts';
import { ZoneOffsets } from './zone-offsets.ts';
import { timeWithOffset, withOffset } from './zoned-text.ts';

const options = optionSet('TimezoneConverter', {
  'converted.timezone': option.string({
    doc: 'Time zone that times are converted to: Europe/Berlin, +08:00.',
    importance: 'HIGH',
  }),
  'include.list': option.list({
    doc: 'What is converted: source:table[:field], topic:name[:field] or name[:field]; empty: everything.',
    importance: 'HIGH',
    default: [],
  }),
  'exclude.list': option.list({
    doc: 'What is not converted, in the same form.',
    importance: 'HIGH',
    default: [],
  }),
});

export const timezoneConverter: TransformKind = {
  name: 'TimezoneConverter',
  javaPackage: DEBEZIUM_TRANSFORMS,
  doc: 'Converts the times in change events to a time zone.',
  options,
  sided: false,
  create: (config) => {
    const parsed = parseOptions(options, config);
    const rules = new TimezoneRules(parsed['include.list'], parsed['exclude.list']);
    return new TimezoneConverter(new ZoneOffsets('converted.timezone', parsed['converted.timezone']), rules);
  },
};

type Part = 'before' | 'after' | 'source';

class TimezoneConverter implements Transform {
  readonly #zone: ZoneOffsets;
  readonly #rules: TimezoneRules;

  constructor(zone: ZoneOffsets, rules: TimezoneRules) {
    this.#zone = zone;
    this.#rules = rules;
  }

  apply(record: TransformRecord): TransformRecord {
    const event = envelopeOf(record);
    if (event === null) return record;
    const { schema, value } = event;
    const source = value['source'] ?? null;
    const table = isStruct(source) ? (source['table'] ?? null) : null;
    const choice = this.#rules.of(record.topic, typeof table === 'string' ? table : null);
    if (choice.kind === 'none') return record;
    const made = struct(value);
    for (const part of ['before', 'after', 'source'] as const) {
      const row = value[part] ?? null;
      const own = fieldOf(schema, part);
      if (own === undefined || !isStruct(row)) continue;
      const here = partChoice(choice, part);
      if (here.kind !== 'none') made[part] = this.#convert(own, row, here, part === 'source', record.timestampMs ?? 0);
    }
    record.value = made;
    return record;
  }

  #convert(schema: Schema, row: StructValue, choice: FieldChoice, epochs: boolean, nowMs: number): StructValue {
    let made: { [name: string]: Value } | null = null;
    for (const { name, schema: own } of schema.fields ?? []) {
      const value = row[name] ?? own.defaultValue ?? null;
      if (value === null || !isChosen(choice, name)) continue;
      const converted =
        own.name === undefined && epochs ? this.#epoch(name, value) : this.#time(own.name, value, nowMs);
      if (converted === value) continue;
      made ??= struct(row);
      made[name] = converted;
    }
    return made ?? row;
  }

  #time(name: string | undefined, value: Value, nowMs: number): Value {
    switch (name) {
      case 'io.debezium.time.ZonedTimestamp':
        return withOffset(text(value), (localMs) => this.#zone.atLocal(localMs));
      case 'io.debezium.time.ZonedTime':
        return timeWithOffset(text(value), this.#zone.at(nowMs));
      case 'io.debezium.time.Timestamp':
      case CONNECT_TIMESTAMP:
        return this.#shifted(value, 1n);
      case 'io.debezium.time.MicroTimestamp':
        return this.#shifted(value, 1000n);
      case 'io.debezium.time.NanoTimestamp':
        return this.#shifted(value, 1_000_000n);
      default:
        return value;
    }
  }

  /** A time without zone is taken as one of the zone. `perMs`: its units in a millisecond. */
  #shifted(value: Value, perMs: bigint): Value {
    if (typeof value !== 'bigint') return value;
    const localMs = Number(value / perMs) - (value < 0n && value % perMs !== 0n ? 1 : 0);
    return value - BigInt(this.#zone.atLocal(localMs)) * perMs;
  }

  #epoch(name: string, value: Value): Value {
    const perMs = { ts_ms: 1n, ts_us: 1000n, ts_ns: 1_000_000n }[name];
    if (perMs === undefined || typeof value !== 'bigint') return value;
    return value + BigInt(this.#zone.at(Number(value / perMs))) * perMs;
  }
}

function text(value: Value): string {
  if (typeof value === 'string') return value;
  throw rejected('TYPE', 'a zoned time must be a text');
}

/** Fields named with `before.`, `after.` or `source.` are of that part; others of both rows. */
function partChoice(choice: FieldChoice, part: Part): FieldChoice {
  if (choice.kind === 'none' || choice.kind === 'all') return part === 'source' ? { kind: 'none' } : choice;
  const fields = new Set<string>();
  for (const name of choice.fields) {
    const [, prefix, rest = ''] = /^(source|before|after)\.(.*)$/.exec(name) ?? [];
    if (prefix === part) fields.add(rest);
    else if (prefix === undefined && part !== 'source') fields.add(name);
  }
  return part === 'source' && fields.size === 0 ? { kind: 'none' } : { kind: choice.kind, fields };
}

function isChosen(choice: FieldChoice, name: string): boolean {
  switch (choice.kind) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'only':
      return choice.fields.has(name);
    case 'except':
      return !choice.fields.has(name);
  }
}
