/**
 * A process that is killed at a crash point: `crash-child.ts source|sink HUB_PATH NOTES DELIVERY`.
 * The source has 1000 numbered rows and notes what it was told is committed; the sink notes every
 * number it wrote before it calls it durable. Ends when all is done.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { SourceTask } from '../../../runtime/connector/source.ts';
import { crashingEnv } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import { LocalTaskHost } from '../../../runtime/task/local-host.ts';
import { MemoryTarget, memorySink } from './memory-sink.ts';
import { memorySource, MemoryUpstream } from './memory-source.ts';

const ROWS = 1000;
const env = crashingEnv(process.env['MILLRACE_CRASH_AT']);
const [kind = '', path = '', notes = '', delivery = ''] = process.argv.slice(2);
const hub = await openHub({ path, env });
const say = (message: string): void => void process.stderr.write(`${message}\n`);

const committed: NonNullable<SourceTask['committed']> = (_partition, position) => {
  writeFileSync(notes, String(position.toOffset()['index']));
  return Promise.resolve();
};

function sourceConnector() {
  const upstream = new MemoryUpstream();
  upstream.batchRows = 7;
  upstream.produce(ROWS);
  upstream.ends = true;
  const connector = memorySource(upstream);
  return {
    ...connector,
    createTask: (config: Readonly<Record<string, string>>) => {
      const task = connector.createTask(config);
      const open: typeof task.open = async (start) => {
        // Upstream has forgotten what it was told is safe: resuming before it would be a loss (I1).
        const told = Number(readFileSync(notes, 'utf8') || '0');
        const stored = Number(start.offsets[0]?.offset['index'] ?? 0);
        if (stored < told) throw new Error(`told ${told}, stored ${stored}`);
        await task.open(start);
      };
      // Paced, so that offsets are stored several times on the way however fast the machine is.
      const read: typeof task.read = async (signal) => {
        await env.timers.sleep(2, signal);
        return task.read(signal);
      };
      return { open, committed, read, close: () => task.close() };
    },
  };
}

function sinkConnector() {
  const target = new MemoryTarget();
  target.beforeWrite = async (batch) => {
    appendFileSync(notes, batch.map(({ offset }) => `${offset}\n`).join(''));
    await new Promise((resolve) => setTimeout(resolve, 5));
    return undefined;
  };
  return memorySink(target);
}

const connector = kind === 'source' ? sourceConnector() : sinkConnector();
const host = new LocalTaskHost({
  env,
  hub,
  connector: () => Promise.resolve(connector),
  log: () => ({ debug: say, info: say, warn: say, error: say }),
});
const config = {
  name: kind,
  topics: 'memory',
  'offset.flush.interval.ms': '2',
  'millrace.delivery': delivery,
  'consumer.override.max.poll.records': '50',
};
const spec = { connector: kind, task: 0, epoch: 0, className: connector.className, config, worker: {}, paused: false };
const task = host.start(spec, () => undefined);
if (kind === 'sink') {
  while (task.view().state !== 'FAILED') {
    const [committed] = await hub.groups.offsets('connect-sink');
    if (committed?.offset === BigInt(ROWS)) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await task.stop(5000);
} else {
  await task.over;
}
const { state, failure } = task.view();
await host.close();
await hub.close();
if (state === 'FAILED') {
  say(failure?.trace ?? '');
  process.exitCode = 1;
}
