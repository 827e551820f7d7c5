/* Rows a second from a row block through the JSON plan into record batches: `node test/bench/convert.ts`. */
import { createConverter } from '../../runtime/convert/create-converter.ts';
import { BatchBuilder } from '../../runtime/hub/batch/batch-builder.ts';
import type { Compression } from '../../runtime/hub/batch/format.ts';
import { NO_HEADERS } from '../../runtime/hub/batch/record-headers.ts';
import { sealBatch } from '../../runtime/hub/batch/seal-batch.ts';
import { ByteWriter } from '../../runtime/record/byte-writer.ts';
import { sampleBlock, sampleLayout } from '../unit/convert/sample-rows.ts';

const ROWS = 1000;
const ROUNDS = 300;
const layout = sampleLayout();
const block = sampleBlock(layout, ROWS);
const scratch = new ByteWriter(4096);

function measure(name: string, config: Record<string, string>, compression: Compression, rounds = ROUNDS): void {
  const key = createConverter('json', config, true);
  const value = createConverter('json', config, false);
  const keyPlan = layout.key === null ? undefined : key.plan?.(layout, layout.key);
  const valuePlan = layout.value === null ? undefined : value.plan?.(layout, layout.value);
  if (keyPlan === undefined || valuePlan === undefined) throw new Error('no plan');
  const builder = new BatchBuilder({ compression });
  let valueBytes = 0;
  let batchBytes = 0;
  const finish = (): void => {
    const batch = builder.finish();
    sealBatch(batch, { producerId: 1n, epoch: 0, baseSequence: 0, transactional: false });
    batchBytes += batch.length;
  };
  const round = (): void => {
    for (let row = 0; row < ROWS; row++) {
      scratch.reset();
      keyPlan.write(block, row, scratch);
      const keyLength = scratch.length;
      valuePlan.write(block, row, scratch);
      const { bytes, length } = scratch;
      valueBytes = length - keyLength;
      const time = block.timestampMs[row] as number;
      builder.addBytes(time, bytes, 0, keyLength, bytes, keyLength, valueBytes, NO_HEADERS, 0, 1);
      if (builder.full) finish();
    }
  };
  for (let i = 0; i < 20; i++) round();
  const from = performance.now();
  const cpu = process.cpuUsage();
  batchBytes = 0;
  for (let i = 0; i < rounds; i++) round();
  finish();
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rows = ROWS * rounds;
  console.log(
    `${name.padEnd(28)} ${(rows / seconds / 1000).toFixed(0).padStart(6)} k rows/s  ${((seconds / rows) * 1e6).toFixed(2)} µs/row, CPU ${((user + system) / rows).toFixed(2)}` +
      `  value ${valueBytes} B  batches ${(batchBytes / rows).toFixed(0)} B/row`,
  );
}

console.log(`row of 10 columns, ${block.arena.length / ROWS} cell bytes; key + value + batch + checksum`);
measure('json', { 'schemas.enable': 'false' }, 'none');
measure('json, lz4', { 'schemas.enable': 'false' }, 'lz4', 100);
measure('json, zstd', { 'schemas.enable': 'false' }, 'zstd', 100);
measure('json, gzip', { 'schemas.enable': 'false' }, 'gzip', 30);
measure('json with schemas', {}, 'none', 100);
