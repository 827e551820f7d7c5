import { MillraceError } from '../../record/error.ts';

/** DuckDB, which only archives need. */
export async function loadDuckdb(): Promise<typeof import('@duckdb/node-api')> {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new MillraceError('VERIFY_NO_DUCKDB', 'reading an archive needs DuckDB, which is not installed', {
      kind: 'missing',
      key: '--archive',
      remedy: 'Run `npm install @duckdb/node-api`.',
      cause,
    });
  }
}
