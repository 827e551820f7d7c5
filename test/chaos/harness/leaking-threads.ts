import { Worker } from 'node:worker_threads';
import { heapLimits } from '../../../runtime/task/thread/heap-limits.ts';

const HEAP_MB = 64;
const LEAK = `
  const held = [];
  for (;;) held.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
`;

/** How a thread that fills its heap ended: a code of Node's. */
function leakingThread(): Promise<string> {
  return new Promise((resolve) => {
    const worker = new Worker(LEAK, { eval: true, resourceLimits: heapLimits(HEAP_MB) });
    worker.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

/** Threads that leak, some beside each other; prints how each ended. */
async function main(threads: number, beside: number): Promise<void> {
  let left = threads;
  const lane = async (): Promise<void> => {
    while (left-- > 0) console.log(await leakingThread());
  };
  await Promise.all(Array.from({ length: beside }, lane));
}

await main(Number(process.argv[2]), Number(process.argv[3]));
