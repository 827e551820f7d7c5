/** What a row of the signal table asks for (Debezium's signals). */
export type Signal =
  | {
      readonly kind: 'execute-snapshot';
      readonly id: string;
      /** `blocking` is read like `incremental`: the stream need not stop for it. */
      readonly type: 'incremental' | 'blocking';
      /** Regular expressions over `schema.table` (MySQL: `database.table`). */
      readonly collections: readonly string[];
      readonly conditions: readonly { readonly collection: string; readonly filter: string }[];
    }
  /** `collections` empty: all. */
  | { readonly kind: 'stop-snapshot'; readonly id: string; readonly collections: readonly string[] }
  | { readonly kind: 'pause-snapshot' | 'resume-snapshot'; readonly id: string }
  | { readonly kind: 'log'; readonly id: string; readonly message: string }
  /** Written by Debezium itself, or of another kind of ours: nothing to do. */
  | { readonly kind: 'ignored'; readonly id: string; readonly type: string }
  | { readonly kind: 'wrong'; readonly id: string; readonly problem: string };

const IGNORED = new Set(['snapshot-window-open', 'snapshot-window-close']);

/** Reads a signal row: its columns `id`, `type`, `data` in this order, whatever their names. */
export function readSignal(id: string, type: string, data: string | null): Signal {
  const parsed = parse(data);
  if (parsed === undefined) return { kind: 'wrong', id, problem: `data is no JSON object: ${data?.slice(0, 100)}` };
  switch (type) {
    case 'execute-snapshot':
      return execute(id, parsed);
    case 'stop-snapshot':
      return { kind: 'stop-snapshot', id, collections: texts(parsed['data-collections']) };
    case 'pause-snapshot':
    case 'resume-snapshot':
      return { kind: type, id };
    case 'log': {
      const { message } = parsed;
      if (typeof message !== 'string') return { kind: 'wrong', id, problem: 'data has no message' };
      return { kind: 'log', id, message };
    }
    default:
      if (IGNORED.has(type)) return { kind: 'ignored', id, type };
      return { kind: 'wrong', id, problem: `type ${type} is not known` };
  }
}

/** Says that no signal is ever seen. `table`: of `signal.data.collection`. */
export function signalsUnseen(table: string, why = 'which is not captured'): string {
  return `signal.data.collection names ${table}, ${why}: rows inserted there do nothing`;
}

function execute(id: string, data: Readonly<Record<string, unknown>>): Signal {
  const collections = texts(data['data-collections']);
  if (collections.length === 0) return { kind: 'wrong', id, problem: 'data names no data-collections' };
  const type = typeof data['type'] === 'string' ? data['type'].toLowerCase() : 'incremental';
  if (type !== 'incremental' && type !== 'blocking') return { kind: 'wrong', id, problem: `type ${type} is not known` };
  const listed = Array.isArray(data['additional-conditions']) ? (data['additional-conditions'] as unknown[]) : [];
  const conditions: { collection: string; filter: string }[] = [];
  for (const item of listed) {
    const { 'data-collection': collection, filter } = (item ?? {}) as Record<string, unknown>;
    if (typeof collection !== 'string' || typeof filter !== 'string') {
      return { kind: 'wrong', id, problem: 'additional-conditions need data-collection and filter' };
    }
    conditions.push({ collection, filter });
  }
  return { kind: 'execute-snapshot', id, type, collections, conditions };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function parse(data: string | null): Readonly<Record<string, unknown>> | undefined {
  if (data === null || data.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // Answered by the caller, with the text.
  }
  return undefined;
}
