/*
 * Prints the heap bytes allocated per row from a row block to finished record batches. Run by
 * json-plan.test.ts in a process of its own: with a young generation larger than everything that is
 * allocated, no collection runs in between, and the growth of the used heap is all that was made.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { createConverter } from '../../../runtime/convert/create-converter.ts';
import { BatchBuilder } from '../../../runtime/hub/batch/batch-builder.ts';
import { NO_HEADERS } from '../../../runtime/hub/batch/record-headers.ts';
import { sealBatch } from '../../../runtime/hub/batch/seal-batch.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { RowPlan } from '../../../runtime/convert/converter.ts';
import type { LayoutNode } from '../../../runtime/record/row-layout.ts';
import { sampleBlock, sampleLayout } from './sample-rows.ts';

const ROWS = 1000;
const layout = sampleLayout();
const block = sampleBlock(layout, ROWS);
/** `plan`, `schemas` (plan with the envelope), or `values` (rows as objects, to show what the measure sees). */
const mode = process.argv[2] ?? 'plan';
const converter = createConverter('json', { 'schemas.enable': String(mode === 'schemas') }, false);

function planOf(node: LayoutNode | null): RowPlan {
  const plan = node === null ? undefined : converter.plan?.(layout, node);
  if (node === null || plan === undefined) throw new Error('the sample has a key and a value');
  if (mode !== 'values') return plan;
  return {
    write: (rows, row, writer) => {
      const bytes = converter.encode(layout.topic, { schema: node.schema, value: rows.value(row, node) });
      writer.copy(bytes ?? Buffer.alloc(0), 0, bytes?.length ?? 0);
      return true;
    },
  };
}

const keyPlan = planOf(layout.key);
const valuePlan = planOf(layout.value);
const scratch = new ByteWriter(64 * 1024);
const builder = new BatchBuilder();
let batches = 0;

function encodeBlock(): void {
  for (let row = 0; row < ROWS; row++) {
    scratch.reset();
    keyPlan.write(block, row, scratch);
    const keyLength = scratch.length;
    valuePlan.write(block, row, scratch);
    const { bytes, length } = scratch;
    const time = block.timestampMs[row] ?? 0;
    builder.addBytes(time, bytes, 0, keyLength, bytes, keyLength, length - keyLength, NO_HEADERS, 0, 1);
    if (!builder.full) continue;
    sealBatch(builder.finish(), { producerId: 1n, epoch: 0, baseSequence: 0, transactional: false });
    batches++;
  }
}

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });
const warmUp = { plan: 300, schemas: 100, values: 20 }[mode] ?? 0;
for (let i = 0; i < warmUp; i++) encodeBlock();
await new Promise((resolve) => setImmediate(resolve));
globalThis.gc?.();
// The collection asked for is reported a little later.
for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 5));
collections = 0;
batches = 0;
const rounds = { plan: 60, schemas: 15, values: 5 }[mode] ?? 0;
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < rounds; i++) encodeBlock();
const allocated = process.memoryUsage().heapUsed - before;
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ bytesPerRow: allocated / (rounds * ROWS), rows: rounds * ROWS, batches, collections }));
