import { includeOrExclude, type NameTest } from '../../../runtime/change/filters.ts';

/** `gtid.source.includes`, `gtid.source.excludes`: whose transactions count. */
export interface GtidSources {
  /** By the server's UUID, or MariaDB's domain. */
  readonly counts: NameTest;
  /** `gtid.source.filter.dml.events`: rows of others make no records. */
  readonly rows: boolean;
}

/** undefined: all count. Throws a `config` error that names the key. */
export function gtidSources(
  includes: readonly string[],
  excludes: readonly string[],
  rows: boolean,
): GtidSources | undefined {
  const keys = { include: 'gtid.source.includes', exclude: 'gtid.source.excludes' };
  const counts = includeOrExclude(includes, excludes, keys);
  return includes.length === 0 && excludes.length === 0 ? undefined : { counts, rows };
}

/** The source of a transaction: `uuid` of `uuid[:tag]:number`, or the domain of `domain-server-sequence`. */
export function sourceOf(gtid: string): string {
  const colon = gtid.indexOf(':');
  return colon < 0 ? gtid.slice(0, Math.max(0, gtid.indexOf('-'))) : gtid.slice(0, colon);
}
