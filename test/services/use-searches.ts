import { afterAll } from 'vitest';
import { EDITIONS, startSearch, type Edition, type SearchServer } from './elasticsearch.ts';

/** Starts search servers, stopped after the tests of the file. Those that there are; which are missing is said. */
export async function useSearches(editions: readonly Edition[] = EDITIONS): Promise<readonly SearchServer[]> {
  const started = await Promise.all(editions.map((edition) => startSearch(edition)));
  for (const server of started) if ('missing' in server) console.warn(`skipped: ${server.missing}`);
  const servers = started.flatMap((server) => ('missing' in server ? [] : [server]));
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });
  return servers;
}
