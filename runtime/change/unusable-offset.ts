import { MillraceError } from '../record/error.ts';
import type { JsonObject } from '../record/record.ts';

/** A stored offset that cannot be resumed from; `place`: how one is written that names the place. */
export function unusableOffset(code: string, offset: JsonObject, why: string, place: string): MillraceError {
  return new MillraceError(code, `cannot resume from the stored offset ${JSON.stringify(offset)}: ${why}`, {
    kind: 'position',
    remedy: `Stop the connector and delete its offsets to take a new snapshot, or alter them to ${place} to choose the place yourself.`,
  });
}
