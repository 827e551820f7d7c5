import { spawn } from 'node:child_process';

/**
 * Drains a pgoutput slot to nowhere with Postgres's own client, up to `endLsn`: the limit that the
 * walsender sets. Needs `pg_recvlogical` on the path. Returns seconds.
 */
export async function drainWithRecvlogical(
  host: string,
  port: number,
  slot: string,
  publication: string,
  endLsn: string,
): Promise<number> {
  const args = ['-h', host, '-p', String(port), '-U', 'postgres', '-d', 'postgres', '--slot', slot, '--start'];
  args.push(
    '--endpos',
    endLsn,
    '-n',
    '-f',
    '/dev/null',
    '-o',
    'proto_version=1',
    '-o',
    `publication_names=${publication}`,
  );
  const begun = performance.now();
  const child = spawn('pg_recvlogical', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const seconds = (performance.now() - begun) / 1000;
  if (code !== 0) throw new Error(`pg_recvlogical ended with ${code}`);
  return seconds;
}
