import type { RawConfig } from '../../connector/options.ts';
import type { TargetRow } from '../../connector/sink-target.ts';
import { FIELD_SEPARATOR, type CanonicalForm, type TruthColumn, type TruthTable } from '../../connector/truth.ts';
import type { Env } from '../../env/env.ts';
import type { Hub } from '../../hub/port.ts';
import { Decimal } from '../../record/decimal.ts';
import type { Value } from '../../record/value.ts';
import { canonicalText, dayNumber, hashedField, rowHash } from './canonical-text.ts';
import type { TableCopy } from './comparison.ts';
import { laterKeys, readHub } from './hub-copy.ts';
import { readsTopic, untilReached } from './sink-reach.ts';
import type { NamedCopy } from './verify.ts';

export interface IndexCopyOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly sink: {
    readonly name: string;
    readonly config: RawConfig;
    /** What its target holds of a topic. */
    readonly rows: (topic: string, signal: AbortSignal) => AsyncIterable<TargetRow>;
  };
  /** The source whose tables they are. */
  readonly source: { readonly config: RawConfig; readonly worker: RawConfig };
  readonly waitMs: number;
}

type Row = TargetRow;

/** Documents are named by the key of their row: without one an index has none of the table's rows. */
const KEYLESS: TableCopy = {
  ...copyOf(new Map(), new Set()),
  uncompared: { reason: 'the table has no key that its documents could be told by', always: true },
};

/**
 * What a sink keeps rows in (a search index) as a copy to verify. It shows rows as they are now, so of those that changed after
 * the compared position the hub's state at that position stands in; they are named as not decided.
 */
export function indexCopy({ hub, env, sink, source, waitMs }: IndexCopyOptions): NamedCopy {
  return {
    name: sink.name,
    holds: (topic) => readsTopic(sink.config, topic),
    async ready(topics, signal) {
      await untilReached({ hub, env, sink, waitMs, remedy: '' }, topics, signal);
    },
    async read(table, truth, signal) {
      if (table.key.length === 0) return KEYLESS;
      const rows = new Map<string, bigint>();
      for await (const row of sink.rows(table.topic, signal)) {
        rows.set(keyOf(table, row), rowHash(table.columns.map((column) => hashedField(columnText(column, row)))));
      }
      // Looked at after the index, so whatever the index can show already is among them.
      const of = { hub, ...source, truth, signal };
      const later = await laterKeys(of, table);
      if (later.size > 0) asBefore(rows, later, await readHub(of, table));
      return copyOf(rows, later);
    },
  };
}

function asBefore(rows: Map<string, bigint>, later: ReadonlySet<string>, hub: TableCopy): void {
  for (const key of later) {
    const hash = hub.hashOf(key);
    if (hash === undefined) rows.delete(key);
    else rows.set(key, hash);
  }
}

function copyOf(rows: ReadonlyMap<string, bigint>, later: ReadonlySet<string>): TableCopy {
  let checksum = 0n;
  for (const hash of rows.values()) checksum += hash;
  return {
    rows: BigInt(rows.size),
    checksum,
    hashOf: (key) => rows.get(key),
    keys: () => rows.keys(),
    changedLater: later,
  };
}

function keyOf(table: TruthTable, row: Row): string {
  const texts = table.key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    return column === undefined ? '' : (columnText(column, row) ?? '');
  });
  return texts.join(FIELD_SEPARATOR);
}

function columnText(column: TruthColumn, row: Row): string | null {
  const value = row.get(column.name);
  if (value === undefined) return column.missing;
  return value === null ? null : documentText(column.form, column, value);
}

/** The canonical text of a field: documents have ISO 8601 and plain numbers where events have units and bytes. */
function documentText(form: CanonicalForm, { schema }: TruthColumn, value: Value): string | null {
  if (form === 'days' && typeof value === 'string') return daysText(value);
  if (form === 'micros' && typeof value === 'string') {
    return clockMicros(value) ?? canonicalText(form, schema, value);
  }
  if (form === 'decimal' && typeof value === 'number') return canonicalText(form, schema, Decimal.parse(String(value)));
  if ((form === 'double' || form === 'float') && value instanceof Decimal) {
    return canonicalText(form, schema, Number(value.toString()));
  }
  return canonicalText(form, schema, value);
}

const DATE = /^([+-]?\d{4,})-(\d\d)-(\d\d)$/;
/** A time of day, or MySQL's: from `-838:59:59` to `838:59:59`. */
const CLOCK = /^(-?)(\d{2,3}):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;

function daysText(text: string): string {
  const parts = DATE.exec(text);
  if (parts === null) return text;
  return String(dayNumber(parts[1], parts[2], parts[3]));
}

function clockMicros(text: string): string | undefined {
  const parts = CLOCK.exec(text);
  if (parts === null) return undefined;
  const [, sign, hour, minute, second, fraction = ''] = parts;
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const micros = seconds * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  return micros === 0 ? '0' : `${sign}${micros}`;
}
