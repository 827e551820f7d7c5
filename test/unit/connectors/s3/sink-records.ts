import type { SinkRecord, SinkTaskStart } from '../../../../runtime/connector/sink.ts';
import { realEnv } from '../../../../runtime/env/real.ts';
import type { Datum, RawHeader } from '../../../../runtime/record/record.ts';
import type { Env } from '../../../../runtime/env/env.ts';

export interface RecordParts {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset: bigint | number;
  readonly timestampMs?: number;
  readonly headers?: readonly RawHeader[];
  readonly key?: string | null;
  /** JSON text; null: a tombstone. */
  readonly json?: string | null;
  readonly bytes?: Uint8Array;
  readonly keyDatum?: Datum;
  readonly valueDatum?: Datum;
}

/** A record as a sink runner would hand it over: JSON values raw, typed ones decoded. */
export function sinkRecord(parts: RecordParts): SinkRecord {
  const { topic = 'orders', partition = 0, offset, timestampMs = 0, headers = [], key = null } = parts;
  const rawValue = parts.bytes ?? (typeof parts.json === 'string' ? Buffer.from(parts.json) : null);
  const typed = parts.valueDatum;
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestampMs,
    headers,
    rawKey: key === null ? null : Buffer.from(key),
    rawValue: typed === undefined ? rawValue : Buffer.from(text(typed.value)),
    tombstone: typed === undefined && rawValue === null,
    encoding: typed !== undefined ? 'other' : parts.bytes === undefined ? 'json' : 'bytes',
    key: () => parts.keyDatum ?? { schema: null, value: key },
    value: () => typed ?? { schema: null, value: parts.bytes ?? JSON.parse(parts.json ?? 'null') },
  };
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ?? '';
}

/** What a started task is given; warnings, gauges and log lines are kept. */
export function taskStart(env: Env = realEnv, connector = 'archive'): SinkTaskStart & { readonly told: Told } {
  const told: Told = { warnings: new Map(), gauges: new Map(), lines: [] };
  const line = (message: string): void => void told.lines.push(message);
  return {
    env,
    signal: new AbortController().signal,
    told,
    context: {
      connector,
      task: 0,
      log: { debug: line, info: line, warn: line, error: line },
      stage: line,
      idle: () => undefined,
      gauge: (name, value) => void (value === null ? told.gauges.delete(name) : told.gauges.set(name, value)),
      info: () => undefined,
      warning: (code, text) => void (text === null ? told.warnings.delete(code) : told.warnings.set(code, text)),
    },
  };
}

export interface Told {
  readonly warnings: Map<string, string>;
  readonly gauges: Map<string, number>;
  readonly lines: string[];
}

/** The real edges without waiting for the disk: for tests of many small files that need no power cut. */
export const unsyncedEnv: Env = {
  ...realEnv,
  files: {
    ...realEnv.files,
    syncDirectory: () => Promise.resolve(),
    async open(path, flags, mode) {
      const handle = await realEnv.files.open(path, flags, mode);
      handle.sync = () => Promise.resolve();
      return handle;
    },
  },
};
