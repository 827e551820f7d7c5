import { GtidSet } from '../../binlog/gtid-set.ts';
import { comparePlaces } from '../../binlog/compare-places.ts';
import type { StreamPlace } from '../../offset.ts';
import type { HistoryEntry } from './history-record.ts';

/** Which entries of a history a stream had passed where it stood. */
export class PassedEntries {
  readonly #place: StreamPlace;
  readonly #server: string;
  readonly #done: GtidSet;

  /** `server`: whose file and position the place has. */
  constructor(place: StreamPlace, server: string | undefined) {
    this.#place = place;
    this.#server = server ?? '';
    this.#done = GtidSet.parse(place.gtids);
  }

  /** Whether it can be told: a statement without a GTID has a place on its own server only. */
  compares(entry: HistoryEntry): boolean {
    return entry.kind !== 'statement' || this.#byGtid(entry) || entry.server === this.#server;
  }

  /** In doubt a structure is not passed: it is found again. */
  includes(entry: HistoryEntry): boolean {
    const { gtid } = entry;
    if (this.#byGtid(entry)) {
      const colon = gtid.lastIndexOf(':');
      return this.#done.has(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));
    }
    const { file, position, gtids } = entry.place;
    if (!GtidSet.parse(gtids).minus(this.#done).empty) return false;
    return entry.server === this.#server && comparePlaces(file, position, this.#place.file, this.#place.position) <= 0;
  }

  #byGtid({ kind, gtid }: HistoryEntry): boolean {
    return kind === 'statement' && gtid !== '' && this.#place.gtids !== '';
  }
}
