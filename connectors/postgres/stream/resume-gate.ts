import { MillraceError } from '../../../runtime/record/error.ts';
import type { StreamPlace } from '../offset.ts';
import { formatLsn } from '../wire/lsn.ts';

/**
 * Drops what a server sends again after a restart. Pure: it is told every transaction and event,
 * and says whether they were handed over before (I2, I3).
 */
export class ResumeGate {
  readonly #place: StreamPlace;
  readonly #eventLsn: bigint | undefined;
  #passed: boolean;
  #left = 0;

  /** `eventLsn`: of the last event before the place, where it is known. */
  constructor(place: StreamPlace, eventLsn: bigint | undefined) {
    this.#place = place;
    this.#eventLsn = eventLsn;
    this.#passed = false;
  }

  /** Something with this commit LSN begins: how many of its events to drop; Infinity: all. */
  enter(commitLsn: bigint): number {
    if (this.#passed) return 0;
    if (commitLsn < this.#place.commitLsn) return Infinity;
    this.#passed = true;
    if (this.#place.index === 0) return 0;
    if (commitLsn > this.#place.commitLsn) {
      throw this.#lost(`the server went on with the transaction that commits at ${formatLsn(commitLsn)}`);
    }
    this.#left = this.#place.index;
    return this.#left;
  }

  /** The last dropped event was at this LSN: it must be the one that was last handed over. */
  leave(eventLsn: bigint): void {
    if (this.#eventLsn !== undefined && this.#left > 1 && eventLsn !== this.#eventLsn) {
      throw this.#lost(
        `event ${this.#left} of it is now at ${formatLsn(eventLsn)}, not at ${formatLsn(this.#eventLsn)}`,
      );
    }
    this.#left = 0;
  }

  /** The transaction ended while events should still be dropped. */
  short(): void {
    throw this.#lost(`it has fewer than ${this.#place.index} events now`);
  }

  #lost(why: string): MillraceError {
    const { commitLsn, index } = this.#place;
    return new MillraceError(
      'POSTGRES_RESUME_MISMATCH',
      `resuming after event ${index} of the transaction that commits at ${formatLsn(commitLsn)}: ${why}`,
      {
        kind: 'position',
        remedy:
          'The slot no longer sends what it sent before (publication or slot changed by hand?). Alter the offset to a place you trust, or delete the offsets for a new snapshot.',
      },
    );
  }
}
