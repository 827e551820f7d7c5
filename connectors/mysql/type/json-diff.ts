import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { PayloadReader } from '../wire/payload-reader.ts';
import { broken, isContainer, readContainer, writeScalar } from './json-binary.ts';

/** A JSON value that can be changed: containers by their parts, everything else by its text. */
type Node =
  | { readonly kind: 'object'; readonly members: Map<string, Node> }
  | { readonly kind: 'array'; readonly items: Node[] }
  | { readonly kind: 'scalar'; readonly text: string };

const REPLACE = 0;
const INSERT = 1;
const REMOVE = 2;

/**
 * The text of a JSON value after the changes of a PARTIAL_UPDATE_ROWS event (`binlog_row_value_options`):
 *
 *     diff = operation:u8 path:packed-text [value:packed-bytes]
 *
 * `base` is the value before, in binary.
 */
export function applyJsonDiffs(base: Buffer, diffs: PayloadReader): string {
  let root = parseNode(base);
  while (diffs.left > 0) {
    const operation = diffs.u8();
    const path = parsePath(diffs.lengthText());
    const value = operation === REMOVE ? undefined : parseNode(diffs.copy(diffs.lengthEncoded()));
    root = apply(root, operation, path, value);
  }
  return nodeText(root);
}

function parseNode(bytes: Buffer): Node {
  if (bytes.length === 0) return { kind: 'scalar', text: 'null' };
  return parseAt(bytes, bytes[0] as number, 1);
}

function parseAt(bytes: Buffer, type: number, at: number): Node {
  if (!isContainer(type)) {
    const writer = new ByteWriter(64);
    writeScalar(bytes, type, at, bytes.length, writer);
    return { kind: 'scalar', text: writer.bytes.toString('utf8', 0, writer.length) };
  }
  const container = readContainer(bytes, type, at, bytes.length);
  const values = Array.from({ length: container.count }, (_, i) => {
    const value = container.value(i);
    return parseAt(bytes, value.type, value.at);
  });
  if (!container.object) return { kind: 'array', items: values };
  return { kind: 'object', members: new Map(values.map((value, i) => [container.key(i), value])) };
}

type Step = string | number;

/** `$.key."other key"[3]` */
function parsePath(text: string): readonly Step[] {
  const steps: Step[] = [];
  const step = /\.(?:"((?:[^"\\]|\\.)*)"|([^.["]+))|\[(\d+)\]/gy;
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const found = step.exec(text);
    if (found === null) throw broken(`the path ${text}`);
    const [, quoted, plain, index] = found;
    if (quoted !== undefined) steps.push(JSON.parse(`"${quoted}"`) as string);
    else if (plain !== undefined) steps.push(plain);
    else steps.push(Number(index));
  }
  return steps;
}

function apply(root: Node, operation: number, path: readonly Step[], value: Node | undefined): Node {
  const last = path.at(-1);
  if (last === undefined) {
    if (value === undefined) throw broken('a change removes the whole value');
    return value;
  }
  const parent = path.slice(0, -1).reduce<Node>(child, root);
  if (parent.kind === 'object' && typeof last === 'string') {
    if (value === undefined) parent.members.delete(last);
    else parent.members.set(last, value);
  } else if (parent.kind === 'array' && typeof last === 'number') {
    if (operation === INSERT && value !== undefined) parent.items.splice(last, 0, value);
    else if (operation === REPLACE && value !== undefined && last < parent.items.length) parent.items[last] = value;
    else if (operation === REMOVE) parent.items.splice(last, 1);
    else throw broken(`the change ${operation} of an array`);
  } else if (operation === REPLACE && last === 0 && value !== undefined && path.length === 1) return value;
  else throw broken('a change of what is not there');
  return root;
}

function child(parent: Node, step: Step): Node {
  const found =
    parent.kind === 'object' && typeof step === 'string'
      ? parent.members.get(step)
      : parent.kind === 'array' && typeof step === 'number'
        ? parent.items[step]
        : step === 0
          ? parent
          : undefined;
  if (found === undefined) throw broken(`a path to ${step}, which is not there`);
  return found;
}

function nodeText(node: Node): string {
  switch (node.kind) {
    case 'scalar':
      return node.text;
    case 'array':
      return `[${node.items.map(nodeText).join(', ')}]`;
    case 'object': {
      const members = [...node.members].toSorted(([a], [b]) => compareKeys(a, b));
      return `{${members.map(([key, value]) => `${JSON.stringify(key)}: ${nodeText(value)}`).join(', ')}}`;
    }
  }
}

/** The server's order: by length in bytes, then by bytes. */
function compareKeys(a: string, b: string): number {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length - right.length || left.compare(right);
}
