import { RowBlock } from '../../record/row-block.ts';
import type { RowLayout } from '../../record/row-layout.ts';
import type { TransformChain } from '../../transform/chain.ts';

/**
 * A chain applied to the layouts of rows instead of the rows: it is asked once per layout and the rows
 * stay raw cells (D14).
 */
export class RowRouting {
  readonly #chain: TransformChain;
  readonly #routed = new WeakMap<RowLayout, Routed>();

  constructor(chain: TransformChain) {
    this.#chain = chain;
  }

  /** A block of the same cells under their new layouts; null: the chain is to see the values of each row. */
  apply(block: RowBlock): RowBlock | null {
    const layouts: (RowLayout | null)[] = [];
    for (const layout of block.layouts) {
      const routed = this.#routed.get(layout) ?? this.#route(layout);
      if (routed.layout === 'values') return null;
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

  #route(layout: RowLayout): Routed {
    const made = this.#chain.layout(layout);
    const routed = { layout: made === null || made === 'values' ? made : { ...made, from: layout } };
    this.#routed.set(layout, routed);
    return routed;
  }
}

interface Routed {
  /** null: rows of the layout are dropped. */
  readonly layout: ReturnType<TransformChain['layout']>;
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
