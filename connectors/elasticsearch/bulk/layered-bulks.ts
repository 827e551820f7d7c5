import type { Operation } from '../document/operation.ts';
import { BulkBody } from './bulk-body.ts';

interface Place {
  readonly layer: number;
  readonly loose: boolean;
}

/**
 * Bulks that are sent one after the other, so that changes of a document which no version orders never
 * stand in one: an item of a bulk may fail for a while and be sent again after a later one of it. An
 * operation goes into the first bulk that comes after those with earlier changes of its document.
 */
export class LayeredBulks {
  readonly bodies: BulkBody[] = [new BulkBody()];
  /** The last place of each document; null: no operation needs to know so far. */
  #places: Map<string, Place> | null = null;
  /** Whether the first bulk has documents that are in no place. */
  #untold = false;
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One that cannot be encoded throws and leaves nothing. */
  add(operation: Operation): void {
    const loose = isLoose(operation);
    if (this.#places === null && loose) {
      this.#places = new Map();
      this.#untold = this.#count > 0;
    }
    const id = `${operation.index}/${operation.id}`;
    const layer = this.#layer(id, loose);
    const body = (this.bodies[layer] ??= new BulkBody(4096));
    const before = body.bytes;
    body.add(operation);
    this.#bytes += body.bytes - before;
    this.#count++;
    this.#places?.set(id, { layer, loose });
  }

  #layer(id: string, loose: boolean): number {
    if (this.#places === null) return 0;
    const last = this.#places.get(id);
    if (last === undefined) return loose && this.#untold ? 1 : 0;
    return last.loose || loose ? last.layer + 1 : last.layer;
  }
}

/** Whether the server cannot tell the operation from an older one of its document. */
function isLoose({ kind, version }: Operation): boolean {
  return kind === 'merge' || kind === 'patch' || (kind === 'delete' && version === null);
}
