import { MillraceError } from '../record/error.ts';
import type { RewindPlace, RewindRequest } from './rewind-answers.ts';
import { readFields } from './request-body.ts';
import { RestError } from './rest-error.ts';

const FIELDS = ['time', 'offset', 'offsets', 'lsn', 'binlog', 'dry_run'];
const ONE = 'one of time, offset, offsets, lsn, binlog must be given';

/** `{"time": …}`, `{"offset": n}`, `{"offsets": {"orders-0": n}}`, `{"lsn": "0/16B2D50"}` or `{"binlog": "binlog.000003:1234"}`, with `dry_run`. */
export function readRewind(body: unknown): RewindRequest {
  const { dry_run: dryRun = false, ...to } = readFields(body, 'a JSON object with a place', FIELDS);
  if (typeof dryRun !== 'boolean') throw new RestError(400, 'dry_run must be true or false', { key: 'dry_run' });
  const [place, ...more] = Object.entries(to);
  if (place === undefined || more.length > 0) {
    throw new RestError(400, ONE, { key: more[0]?.[0] ?? 'offset', remedy: 'Give one place to go back to.' });
  }
  return { to: readPlace(...place), dryRun };
}

function readPlace(kind: string, value: unknown): RewindPlace {
  if (kind === 'time') return { kind, timeMs: readTime(value) };
  if (kind === 'offset') return { kind, offset: readOffset(kind, kind, value) };
  if (kind === 'lsn') return { kind, lsn: readLsn(value) };
  if (kind === 'binlog') return { kind, binlog: readBinlog(value) };
  if (kind === 'offsets' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const offsets = Object.entries(value).map(([name, offset]): [string, bigint] => [
      name,
      readOffset(kind, name, offset),
    ]);
    if (offsets.length > 0) return { kind, offsets: new Map(offsets) };
  }
  throw refused('offsets', 'offsets must be an object of {"topic-partition": offset}', '{"orders-0": 1200}');
}

/** The last millisecond of a JavaScript date. */
const LAST_MS = 8_640_000_000_000_000;

function readTime(value: unknown): number {
  const timeMs = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof timeMs === 'number' && Number.isInteger(timeMs) && timeMs >= 0 && timeMs <= LAST_MS) return timeMs;
  const must = `time must be an ISO 8601 time such as 2026-01-31T12:00:00Z, or whole epoch milliseconds up to ${LAST_MS}`;
  throw refused('time', must, '"2026-01-31T12:00:00Z"');
}

/** Numbers that JSON's parser has rounded are not what was asked for: as a text they are taken as they are. */
function readOffset(key: string, what: string, value: unknown): bigint {
  const exact = typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value));
  const text = exact ? String(value) : '';
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  const must = `${what}: an offset must be a whole number from 0, as a text where it is above ${Number.MAX_SAFE_INTEGER}`;
  throw refused(key, must, '1200');
}

function readLsn(value: unknown): string {
  if (typeof value === 'string' && /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(value)) return value;
  throw refused('lsn', 'lsn must be a text such as 0/16B2D50', '"0/16B2D50"');
}

function readBinlog(value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw refused('binlog', 'binlog must be file:position, or a set of GTIDs', '"binlog.000003:1234"');
}

function refused(key: string, message: string, example: string): MillraceError {
  return new MillraceError('REWIND_INVALID', message, {
    kind: 'config',
    key,
    remedy: `Give {"${key}": ${example}}, say.`,
  });
}
