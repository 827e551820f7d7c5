/*
 * Prints the heap bytes allocated per row by the source runner's encoder: row block → plans → hash of
 * the key → schema header → batches of four partitions. Run by row-encoder.test.ts in a process of
 * its own, with a young generation larger than everything that is allocated.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { taskConverters } from '../../../../runtime/task/task-converters.ts';
import { RowEncoder } from '../../../../runtime/task/source/row-encoder.ts';
import { SchemaHeaders } from '../../../../runtime/task/source/schema-headers.ts';
import { SourceOutput } from '../../../../runtime/task/source/source-output.ts';
import { sampleBlock, sampleLayout } from '../../convert/sample-rows.ts';
import { memoryCatalog, partitionsOnly, stopping } from './encoder-parts.ts';

const ROWS = 1000;
const block = sampleBlock(sampleLayout(), ROWS);
const converters = taskConverters({ config: {}, worker: {} });
let batches = 0;
const output = new SourceOutput({
  producer: partitionsOnly(4),
  compression: 'none',
  batchBytes: 512 * 1024,
  unsentBytes: 8 * 1024 * 1024,
  send: () => batches++,
});
const encoder = new RowEncoder(converters, new SchemaHeaders(memoryCatalog(), converters), output);
await encoder.prepare(block);

let collections = 0;
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length;
});
observer.observe({ entryTypes: ['gc'] });
for (let i = 0; i < 300; i++) encoder.encode(block, 0, stopping);
await new Promise((resolve) => setImmediate(resolve));
globalThis.gc?.();
// The collection asked for is reported a little later.
for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 5));
collections = 0;
batches = 0;
const rounds = 60;
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < rounds; i++) encoder.encode(block, 0, stopping);
const allocated = process.memoryUsage().heapUsed - before;
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ bytesPerRow: allocated / (rounds * ROWS), rows: rounds * ROWS, batches, collections }));
