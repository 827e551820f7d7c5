import type { RewindPlace, RewindRequest } from './rewind-answers.ts';
import { readFields } from './request-body.ts';
import { RestError } from './rest-error.ts';

const FIELDS = ['time', 'offset', 'offsets', 'lsn', 'dry_run'];
const ONE = 'one of time, offset, offsets, lsn must be given';

/** `{"time": …}`, `{"offset": n}`, `{"offsets": {"orders-0": n}}` or `{"lsn": "0/16B2D50"}`, with `dry_run`. */
export function readRewind(body: unknown): RewindRequest {
  const { dry_run: dryRun = false, ...to } = readFields(body, 'a JSON object with a place', FIELDS);
  if (typeof dryRun !== 'boolean') throw new RestError(400, 'dry_run must be true or false');
  const [place, ...more] = Object.entries(to);
  if (place === undefined || more.length > 0) throw new RestError(400, ONE);
  return { to: readPlace(...place), dryRun };
}

function readPlace(kind: string, value: unknown): RewindPlace {
  if (kind === 'time') return { kind, timeMs: readTime(value) };
  if (kind === 'offset') return { kind, offset: readOffset(kind, value) };
  if (kind === 'lsn' && typeof value === 'string') return { kind, lsn: value };
  if (kind === 'offsets' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const offsets = Object.entries(value).map(([name, offset]): [string, bigint] => [name, readOffset(name, offset)]);
    if (offsets.length > 0) return { kind, offsets: new Map(offsets) };
  }
  throw new RestError(
    400,
    kind === 'lsn' ? 'lsn must be a text' : 'offsets must be an object of {"topic-partition": offset}',
  );
}

function readTime(value: unknown): number {
  const timeMs = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof timeMs === 'number' && Number.isFinite(timeMs) && timeMs >= 0) return timeMs;
  throw new RestError(400, 'time must be an ISO 8601 time such as 2026-01-31T12:00:00Z, or epoch milliseconds');
}

function readOffset(what: string, value: unknown): bigint {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new RestError(400, `${what}: an offset must be a whole number from 0`);
}
