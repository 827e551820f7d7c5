import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import { writeJsonString } from '../../../runtime/record/json-text.ts';
import { writeDocument } from '../document/document-json.ts';
import type { Operation } from '../document/operation.ts';

const LINE_FEED = 0x0a;
/** Field of a document whose last change was a patch: the version of that change. */
export const PATCH_FIELD = '_millrace_version';

/*
 * The bulk API's body, for each operation one line that says what to do and, but for a delete, one line
 * with the document:
 *
 *     {"index":{"_index":"orders","_id":"17","version":4711,"version_type":"external"}}\n
 *     {"id":17,"status":"paid"}\n
 */

/**
 * Sets fields in a document that is older. A document's own version is the offset of its last whole
 * image plus one for each patch since, which is never above the last patch's offset: so a later whole
 * image still wins by its offset, and a patch that comes again finds itself done.
 */
const PATCH_SCRIPT = [
  'long at = ctx._version;',
  `def last = ctx._source['${PATCH_FIELD}'];`,
  'if (last != null && ((Number) last).longValue() > at) { at = ((Number) last).longValue(); }',
  'long now = ((Number) params.version).longValue();',
  `if (now > at) { ctx._source.putAll(params.doc); ctx._source['${PATCH_FIELD}'] = now; }`,
  "else { ctx.op = 'none'; }",
].join(' ');

const prefixes = new Map<string, string>();

/** Operations with their encoded lines. */
export class BulkBody {
  readonly operations: Operation[] = [];
  /** Where each operation's lines begin. */
  readonly #starts: number[] = [];
  readonly #writer: ByteWriter;

  constructor(capacity = 64 * 1024) {
    this.#writer = new ByteWriter(capacity);
  }

  get bytes(): number {
    return this.#writer.length;
  }

  get count(): number {
    return this.operations.length;
  }

  /** Encodes an operation; one that cannot be encoded throws and leaves nothing. */
  add(operation: Operation): void {
    const writer = this.#writer;
    const start = writer.length;
    try {
      writeAction(writer, operation);
      writeSource(writer, operation);
    } catch (error) {
      writer.length = start;
      throw error;
    }
    // The row is in the lines now: it need not be held until the server has answered.
    this.operations.push(operation.row === null ? operation : { ...operation, row: null });
    this.#starts.push(start);
  }

  /** Some of the operations, their lines copied. */
  pick(indexes: readonly number[]): BulkBody {
    const picked = new BulkBody(1024);
    for (const i of indexes) {
      const operation = this.operations[i];
      const start = this.#starts[i] ?? 0;
      if (operation === undefined) continue;
      picked.#starts.push(picked.#writer.length);
      picked.#writer.copy(this.#writer.bytes, start, (this.#starts[i + 1] ?? this.#writer.length) - start);
      picked.operations.push(operation);
    }
    return picked;
  }

  /** How many of the first operations fit in so many bytes: one at least. */
  fitting(bytes: number): number {
    let count = 1;
    while (count < this.count && (this.#starts[count + 1] ?? this.bytes) <= bytes) count++;
    return count;
  }

  /** The lines, sharing memory. */
  view(): Buffer {
    return this.#writer.view();
  }
}

function writeAction(writer: ByteWriter, { kind, index, id, version, routing }: Operation): void {
  writer.utf8(prefix(kind, index));
  if (id !== null) {
    writer.ascii(',"_id":');
    writeJsonString(writer, id);
  }
  if (version !== null && kind !== 'patch') writer.ascii(`,"version":${version},"version_type":"external"`);
  if (routing !== null) {
    writer.ascii(',"routing":');
    writeJsonString(writer, routing);
  }
  writer.ascii('}}\n');
}

function prefix(kind: Operation['kind'], index: string): string {
  const name = `${kind}/${index}`;
  let text = prefixes.get(name);
  if (text === undefined) {
    text = `{"${actionOf(kind)}":{"_index":${JSON.stringify(index)}`;
    if (prefixes.size > 1000) prefixes.clear();
    prefixes.set(name, text);
  }
  return text;
}

/** The bulk API's word for an operation, also in its answers. */
export function actionOf(kind: Operation['kind']): 'index' | 'create' | 'delete' | 'update' {
  return kind === 'merge' || kind === 'patch' ? 'update' : kind;
}

function writeSource(writer: ByteWriter, operation: Operation): void {
  const { kind, version } = operation;
  if (kind === 'delete') return;
  if (kind === 'merge') {
    writer.ascii('{"doc_as_upsert":true,"doc":');
    writeRow(writer, operation);
    writer.ascii('}');
  } else if (kind === 'patch') {
    writer.ascii(`{"script":{"lang":"painless","source":"${PATCH_SCRIPT}","params":{"version":${version},"doc":`);
    writeRow(writer, operation);
    writer.ascii('}}}');
  } else {
    writeRow(writer, operation);
  }
  writer.byte(LINE_FEED);
}

function writeRow(writer: ByteWriter, { raw, row, shape }: Operation): void {
  if (raw !== null) writer.copy(raw, 0, raw.length);
  else writeDocument(writer, row ?? { schema: null, value: null }, shape);
}
