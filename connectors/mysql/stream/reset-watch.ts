import { MillraceError } from '../../../runtime/record/error.ts';
import { comparePlaces } from '../binlog/compare-places.ts';
import { currentPlace } from '../snapshot/consistent-point.ts';
import { NEW_SNAPSHOT } from './binlog-error.ts';
import { readServerUuid } from './place-check.ts';
import type { SideConnection } from './side-connection.ts';

/**
 * A server whose binlogs are reset begins again in a file that may have the name of the one that is being read.
 * The dump stays in the old one: it gets heartbeats and nothing else (I8). So a reader that only gets heartbeats
 * asks where the server writes: never before what it has sent.
 */
export class ResetWatch {
  readonly #side: Pick<SideConnection, 'use'>;
  readonly #server: string;
  #asking = false;

  /** `server`: its uuid; '' where there is none. */
  constructor(side: Pick<SideConnection, 'use'>, server: string) {
    this.#side = side;
    this.#server = server;
  }

  /** Calls `found` with a `position` error if the server's binlog ends before a place that it has sent. One question at a time. */
  look(file: string, position: number, found: (error: MillraceError) => void): void {
    if (this.#asking) return;
    this.#asking = true;
    void this.#ends(file, position)
      .then((end) => (end === undefined ? undefined : found(reset(end, `${file}:${position}`))))
      // A server that does not answer is asked again at its next heartbeat.
      .catch(() => undefined)
      .finally(() => {
        this.#asking = false;
      });
  }

  /** Where the server's binlog ends, if that is before the place. Another server's places are no matter here. */
  #ends(file: string, position: number): Promise<string | undefined> {
    return this.#side.use(async (connection) => {
      const now = await currentPlace(connection);
      const before = comparePlaces(now.file, now.position, file, position) < 0;
      if (!before || (await readServerUuid(connection)) !== this.#server) return undefined;
      return `${now.file}:${now.position}`;
    });
  }
}

function reset(end: string, read: string): MillraceError {
  return new MillraceError('MYSQL_POSITION_AHEAD', `the server’s binlog ends at ${end}, but was read up to ${read}`, {
    kind: 'position',
    remedy: `The server was reset while it was read (RESET MASTER, RESET BINARY LOGS AND GTIDS). ${NEW_SNAPSHOT}`,
  });
}
