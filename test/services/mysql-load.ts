import { setTimeout as sleep } from 'node:timers/promises';
import type { MysqlServer } from './mysql.ts';

/**
 * Until it is stopped: one of the statements, at random, over and over. `statements` gets a number that grows with
 * each; a pause follows every `burst` of them.
 */
export function startMysqlLoad(
  server: MysqlServer,
  statements: (i: number) => readonly string[],
  { pauseMs, burst = 1 }: { readonly pauseMs: number; readonly burst?: number },
): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    const connection = await server.connect();
    for (let i = 1; !stopping.signal.aborted; i++) {
      const choice = statements(i);
      await connection.query('the load', choice[Math.floor(Math.random() * choice.length)] ?? '');
      if (i % burst === 0) await sleep(pauseMs);
    }
    await connection.close();
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}
