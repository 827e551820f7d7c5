import type { StreamPlace } from '../offset.ts';

/** Where the stream stands among transactions. */
export class TransactionState {
  /** Inside a transaction. */
  open = false;
  /** Begun by a statement or an implicit BEGIN: a DDL statement inside does not end it. */
  explicit = false;
  gtid = '';
  /** Epoch microseconds of its commit, where the server says so; 0: take the event's own time. */
  commitUs = 0;
  /** Rows events done. */
  events = 0;
  /** Rows events that were handed over before, and are only counted now. */
  drop = 0;
  /** Of a source whose rows make no records. */
  foreign = false;
  /** A captured table's rows were made since it began. */
  rows = false;
  file: string;
  position: number;

  constructor(place: StreamPlace) {
    this.file = place.file;
    this.position = place.position;
    this.events = place.event;
    this.gtid = place.transaction;
    this.open = place.event > 0;
  }

  begin(file: string, position: number, gtid: string, commitUs: number): void {
    this.open = true;
    this.explicit = false;
    this.gtid = gtid;
    this.commitUs = commitUs;
    this.events = 0;
    this.drop = 0;
    this.foreign = false;
    this.rows = false;
    this.file = file;
    this.position = position;
  }

  end(file: string, position: number): void {
    this.open = false;
    this.explicit = false;
    this.gtid = '';
    this.commitUs = 0;
    this.events = 0;
    this.drop = 0;
    this.rows = false;
    this.file = file;
    this.position = position;
  }
}
