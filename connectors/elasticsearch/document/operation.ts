import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { DocumentShape } from './document-json.ts';

/**
 * What is done with a document.
 *
 * - `index`: it is replaced as a whole, if its version is older.
 * - `create`: it is made, if it is not there.
 * - `delete`: it is removed, if its version is older.
 * - `merge`: fields are set, the document made where it is missing.
 * - `patch`: fields are set in a document that must be there, if it is older (by a script).
 */
export type OperationKind = 'index' | 'create' | 'delete' | 'merge' | 'patch';

export interface Operation {
  readonly kind: OperationKind;
  readonly record: SinkRecord;
  readonly index: string;
  /** null: the server makes one. */
  readonly id: string | null;
  /** null: written whatever is there. */
  readonly version: bigint | null;
  readonly routing: string | null;
  /** A whole JSON object on one line, used as it is. */
  readonly raw: Uint8Array | null;
  /** Where `raw` is null: the row; null for a delete. */
  readonly row: Datum | null;
  readonly shape: DocumentShape;
}
