import type { SourceConnector } from '../../../runtime/connector/connector.ts';
import { optionSet } from '../../../runtime/connector/options.ts';
import type {
  RejectedSource,
  SourceBatch,
  SourceOffset,
  SourceRecord,
  SourceTask,
  SourceTaskStart,
} from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { Datum, JsonObject } from '../../../runtime/record/record.ts';
import { field, primitive, structOf } from '../../../runtime/record/schema-builder.ts';
import { struct } from '../../../runtime/record/value.ts';

const KEY = structOf([field('id', primitive('int32'))], { name: 'memory.Key' });
const VALUE = structOf([field('id', primitive('int32')), field('text', primitive('string'))], { name: 'memory.Value' });

/** An upstream in memory: an append-only list that is read by index, and what it was told. */
export class MemoryUpstream {
  readonly rows: { readonly id: number; readonly topic: string }[] = [];
  /** Indexes up to which `committed` was called, in order. */
  readonly committed: number[] = [];
  readonly opened: (readonly SourceOffset[])[] = [];
  closed = 0;
  /** Rows one batch may hold. */
  batchRows = 10;
  ends = false;
  /** The text of a row. */
  text = (id: number): string => `row ${id}`;
  /** Rows that the task cannot read, now. */
  unreadable = (_id: number): boolean => false;
  /** Called before each read: may throw or wait. */
  beforeRead: (at: number, signal: AbortSignal) => Promise<void> | void = () => undefined;
  #wake: (() => void)[] = [];

  produce(count: number, topic = 'memory'): readonly string[] {
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(String(this.rows.push({ id: this.rows.length, topic }) - 1));
    this.wake();
    return names;
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const go of wake) go();
  }

  /** Waits until there are rows past `at`, or the source ends. */
  async wait(at: number, signal: AbortSignal): Promise<void> {
    while (this.rows.length <= at && !this.ends) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => reject(signal.reason as Error);
        signal.addEventListener('abort', abort, { once: true });
        this.#wake.push(() => {
          signal.removeEventListener('abort', abort);
          resolve();
        });
      });
    }
  }
}

export const PARTITION: JsonObject = { server: 'memory' };

class MemorySourceTask implements SourceTask {
  readonly #upstream: MemoryUpstream;
  #at = 0;

  constructor(upstream: MemoryUpstream) {
    this.#upstream = upstream;
  }

  open({ offsets }: SourceTaskStart): Promise<void> {
    this.#upstream.opened.push(offsets);
    this.#at = Number(offsets[0]?.offset['index'] ?? 0);
    return Promise.resolve();
  }

  async read(signal: AbortSignal): Promise<SourceBatch | null> {
    const upstream = this.#upstream;
    signal.throwIfAborted();
    await upstream.beforeRead(this.#at, signal);
    await upstream.wait(this.#at, signal);
    const rows = upstream.rows.slice(this.#at, this.#at + upstream.batchRows);
    if (rows.length === 0) return null;
    this.#at += rows.length;
    const index = this.#at;
    const wrong = rows.filter(({ id }) => upstream.unreadable(id));
    return {
      records: rows.filter((row) => !wrong.includes(row)).map((row) => record(row, upstream.text(row.id))),
      ...(wrong.length === 0 ? {} : { rejected: wrong.map(rejected) }),
      progress: [{ partition: PARTITION, position: { toOffset: () => ({ index }) } }],
    };
  }

  revive({ raw }: Pick<RejectedSource, 'raw'>): Promise<readonly SourceRecord[]> {
    const row = JSON.parse(Buffer.from(raw).toString()) as MemoryUpstream['rows'][number];
    if (this.#upstream.unreadable(row.id)) return Promise.reject(new Error(`row ${row.id} is unreadable still`));
    return Promise.resolve([record(row, this.#upstream.text(row.id))]);
  }

  committed(_partition: JsonObject, position: { toOffset(): JsonObject }): Promise<void> {
    this.#upstream.committed.push(Number(position.toOffset()['index']));
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#upstream.closed++;
    return Promise.resolve();
  }
}

function rejected(row: MemoryUpstream['rows'][number]): RejectedSource {
  const raw = Buffer.from(JSON.stringify(row));
  const source = { partition: PARTITION, offset: { index: row.id } };
  return {
    raw,
    source,
    error: new MillraceError('MEMORY_UNREADABLE', `row ${row.id} is unreadable`, { kind: 'data' }),
  };
}

function record({ id, topic }: { readonly id: number; readonly topic: string }, text: string): SourceRecord {
  return {
    topic,
    key: { schema: KEY, value: struct({ id }) },
    value: { schema: VALUE, value: struct({ id, text }) },
    timestampMs: 1_700_000_000_000 + id,
  };
}

/** The `id` in a key made by this source. */
export function idOf(key: Datum | null): string | null {
  const value = key?.value;
  return typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : null;
}

export function memorySource(upstream: MemoryUpstream): SourceConnector {
  return {
    kind: 'source',
    className: 'MemorySource',
    aliases: [],
    version: '1',
    options: optionSet('memory', {}),
    exactlyOnce: true,
    plan: (config) => [config],
    createTask: () => new MemorySourceTask(upstream),
  };
}
