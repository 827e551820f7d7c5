import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import { dateText, timeText } from '../document/semantic-text.ts';
import { fieldAt, parsePath, scalarText, type FieldPath } from '../document/field-path.ts';
import type { IdSource } from '../document/document-id.ts';
import { rejected } from '../record-errors.ts';

const MAX_BYTES = 255;
const MAX_STREAM_PART_BYTES = 100;
const PART = /\$\{([^}]*)\}/g;
const TIME_FORMAT = /^(?:yyyy|MM|dd|HH|mm|[-._])+$/;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'topic' }
  | { readonly kind: 'field'; readonly path: FieldPath }
  | { readonly kind: 'time'; readonly format: string };

/** A name made of a record: see `millrace.index`. */
export interface IndexName {
  readonly parts: readonly Part[];
  /** The same for every record of a topic. */
  readonly fixed: boolean;
  readonly ofTime: boolean;
  readonly ofValue: boolean;
  /** Stands behind the name, whatever it is; absent: nothing. */
  readonly suffix?: string;
}

/** Parses the template of an index name; a text says what is wrong with it. */
export function parseIndexName(template: string): IndexName | string {
  const parts: Part[] = [];
  let at = 0;
  for (const match of template.matchAll(PART)) {
    if (match.index > at) parts.push({ kind: 'text', text: template.slice(at, match.index) });
    const part = parsePart(match[1] ?? '');
    if (typeof part === 'string') return part;
    parts.push(part);
    at = match.index + match[0].length;
  }
  if (at < template.length) parts.push({ kind: 'text', text: template.slice(at) });
  const ofValue = parts.some((part) => part.kind === 'field' && part.path.of === 'value');
  const ofTime = parts.some(({ kind }) => kind === 'time');
  return { parts, ofValue, ofTime, fixed: parts.every(({ kind }) => kind === 'text' || kind === 'topic') };
}

function parsePart(name: string): Part | string {
  if (name === 'topic') return { kind: 'topic' };
  if (name.startsWith('time:')) {
    const format = name.slice('time:'.length);
    return TIME_FORMAT.test(format)
      ? { kind: 'time', format }
      : `\${${name}}: use yyyy, MM, dd, HH and mm, as yyyy-MM-dd.`;
  }
  const path = parsePath(name);
  return path === undefined || path.names.length === 0
    ? `\${${name}} is not known: use \${topic}, \${key.field}, \${value.field} or \${time:yyyy-MM-dd}.`
    : { kind: 'field', path };
}

/** The name for a record, or for a topic alone where the name is `fixed`. */
export function indexName(
  name: IndexName,
  topic: string,
  of?: { readonly record: SinkRecord; readonly source: IdSource },
): string {
  const text = name.parts.map((part) => partText(part, topic, of)).join('');
  return safeIndexName(text, name.suffix);
}

function partText(
  part: Part,
  topic: string,
  of: { readonly record: SinkRecord; readonly source: IdSource } | undefined,
): string {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'topic') return topic;
  if (of === undefined) throw new Error('the name of this index depends on the record');
  if (part.kind === 'time') return timeName(part.format, of.record.timestampMs);
  const { path } = part;
  const from = path.of === 'key' ? of.source.key() : of.source.value();
  const found = from === undefined ? undefined : fieldAt(from, path.names);
  const text = found === undefined ? undefined : scalarText(found.value);
  if (text !== undefined && text !== '') return text;
  const field = [path.of, ...path.names].join('.');
  throw rejected(
    of.record,
    'ELASTICSEARCH_INDEX_UNKNOWN',
    `field ${field}, which names the index, is missing or null`,
    {
      key: 'millrace.index',
      remedy:
        'Name a field in millrace.index that every record has; of deletes it stands in the key, or in `before` (REPLICA IDENTITY FULL).',
    },
  );
}

function timeName(format: string, timestampMs: number): string {
  const days = Math.floor(timestampMs / 86_400_000);
  const [year = '', month = '', day = ''] = dateText(BigInt(days)).split('-');
  const [hour = '', minute = ''] = timeText(BigInt(timestampMs - days * 86_400_000) * 1_000_000n).split(':');
  return format
    .replaceAll('yyyy', year)
    .replaceAll('MM', month)
    .replaceAll('dd', day)
    .replaceAll('HH', hour)
    .replaceAll('mm', minute);
}

/** Servers refuse upper case, some characters, and names that begin with `-`, `_` or `+`. */
export function safeIndexName(text: string, suffix = ''): string {
  const lower = text
    .toLowerCase()
    .replaceAll(/[\\/*?"<>| ,#:]/g, '_')
    .replace(/^[-_+]+/, '');
  if (lower === '.' || lower === '..') return `dot${suffix}`;
  // One that is too long keeps it: two names must not become one.
  return cut(lower, MAX_BYTES - Buffer.byteLength(suffix)) + suffix;
}

/** Name of a data stream: `type-dataset-namespace`. */
export function dataStreamName(type: string, dataset: string, namespace: string, topic: string): string {
  const part = (text: string): string =>
    cut(
      text
        .replaceAll('${topic}', topic)
        .toLowerCase()
        .replaceAll(/[\\/*?"<>| ,#:-]/g, '_'),
      MAX_STREAM_PART_BYTES,
    );
  return `${type.toLowerCase()}-${part(dataset === '' ? '${topic}' : dataset)}-${part(namespace)}`;
}

function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}
