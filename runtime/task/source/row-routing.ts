import { RowBlock } from '../../record/row-block.ts';
import type { RowLayout } from '../../record/row-layout.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import { TransformRecord } from '../../transform/transform-record.ts';

/**
 * A chain that looks at nothing but topics, applied to rows: all rows of a layout go one way, so it
 * is asked once per layout and the rows stay raw cells (D14).
 */
export class RowRouting {
  readonly #chain: TransformChain;
  /** null: rows of the layout are dropped. */
  readonly #routed = new WeakMap<RowLayout, { readonly layout: RowLayout | null }>();

  constructor(chain: TransformChain) {
    this.#chain = chain;
  }

  /** A block of the same cells under their new topics; null: the chain does not take some, see to each record. */
  apply(block: RowBlock): RowBlock | null {
    const layouts: (RowLayout | null)[] = [];
    for (const layout of block.layouts) {
      const routed = this.#routed.get(layout) ?? this.#route(layout);
      if (routed === null) return null;
      layouts.push(routed.layout);
    }
    const view = new RowBlock(block.arena, 1, 1);
    view.cells = block.cells;
    view.cellCount = block.cellCount;
    view.layouts.push(...layouts.filter((layout) => layout !== null));
    if (view.layouts.length === layouts.length) {
      view.count = block.count;
      view.layoutOf = block.layoutOf;
      view.firstCell = block.firstCell;
      view.timestampMs = block.timestampMs;
    } else {
      keepRows(block, view, layouts);
    }
    return view;
  }

  #route(layout: RowLayout): { readonly layout: RowLayout | null } | null {
    const out: TransformRecord[] = [];
    try {
      const { topic } = layout;
      this.#chain.apply(
        new TransformRecord({ topic, keySchema: null, key: null, valueSchema: null, value: null, headers: [] }),
        out,
      );
    } catch (error) {
      if (error instanceof TransformFailure) return null;
      throw error;
    }
    const [made] = out;
    const routed = { layout: made === undefined ? null : { ...layout, topic: made.topic } };
    this.#routed.set(layout, routed);
    return routed;
  }
}

/** Fills the view with the rows whose layout is kept. */
function keepRows(block: RowBlock, view: RowBlock, layouts: readonly (RowLayout | null)[]): void {
  let next = 0;
  const places = layouts.map((layout) => (layout === null ? -1 : next++));
  view.layoutOf = new Int32Array(block.count);
  view.firstCell = new Int32Array(block.count);
  view.timestampMs = new Float64Array(block.count);
  for (let row = 0; row < block.count; row++) {
    const place = places[block.layoutOf[row] ?? -1] ?? -1;
    if (place < 0) continue;
    const at = view.count++;
    view.layoutOf[at] = place;
    view.firstCell[at] = block.firstCell[row] ?? 0;
    view.timestampMs[at] = block.timestampMs[row] ?? 0;
  }
}
