import { join } from 'node:path';
import type { DemoHints, DemoScreen, DemoState } from '../app/demo/demo.ts';
import { json, paint, type CliIo } from './cli-io.ts';
import { printReport } from './verify-report.ts';

/** Between lines where output is no terminal. */
const PLAIN_EVERY_MS = 2000;

/** Live lines on a terminal, a line now and then elsewhere. */
export function demoScreen(io: CliIo, live: boolean): DemoScreen {
  let drawn = 0;
  let lastPlainMs = 0;
  let watched = false;
  const erase = (): void => {
    if (drawn > 0) process.stdout.write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
  };
  return {
    step(text) {
      erase();
      io.out(paint(io, 'cyan', text));
    },
    progress(state) {
      const lines = progressLines(state);
      if (live) {
        erase();
        for (const line of lines) io.out(line);
        drawn = lines.length;
        return;
      }
      if (performance.now() - lastPlainMs < PLAIN_EVERY_MS) return;
      lastPlainMs = performance.now();
      io.out(lines.join(' | '));
    },
    report(report) {
      erase();
      printReport(io, report);
    },
    watching(hints) {
      watched = true;
      printHints(io, hints);
    },
    left: (folder) => printLeft(io, folder, watched),
  };
}

/** The report as JSON on standard output, everything else as lines on standard error. */
export function jsonScreen(io: CliIo): DemoScreen {
  const beside = demoScreen({ ...io, out: (line) => io.err(line), colour: io.errColour }, false);
  return { ...beside, report: (report) => io.out(json(report)) };
}

function progressLines({ activity, index, tasks, secondsLeft }: DemoState): string[] {
  const left = Number.isFinite(secondsLeft) ? `, ${Math.ceil(secondsLeft)} s left` : '';
  const altered = activity.altered ? ', table altered' : '';
  const shop = `shop: ${activity.transactions} transactions, ${activity.rows} rows${altered}${left}`;
  const lines = [...tasks].flatMap(([connector, views]) =>
    views.map((view) => {
      const lag = Object.entries(view.gauges).filter(([name]) => name.startsWith('lag_'));
      const lags = lag.map(([name, value]) => `, ${name.replace('_', ' ')} ${Math.round(value)}`).join('');
      return `${connector}: ${view.state} · ${view.stage} · ${view.records} records, ${Math.round(view.recordsPerSecond)}/s${lags}`;
    }),
  );
  return [shop, ...lines, ...(index === null ? [] : [indexLine(index)])];
}

function indexLine({ documents, newestOrder, paidOrders }: NonNullable<DemoState['index']>): string {
  const newest = newestOrder === null ? '' : `, newest order ${newestOrder.id} (${newestOrder.status})`;
  return `a search finds: ${documents} documents, ${paidOrders} paid orders${newest}`;
}

/** From a checkout nothing is compiled yet. */
const COMMAND = import.meta.url.endsWith('.ts') ? 'npm run -s millrace --' : 'npx millrace';

function printHints(io: CliIo, hints: DemoHints): void {
  io.out('');
  io.out('Still running; Ctrl-C ends it. To look at it from another terminal:');
  io.out(`  curl ${hints.rest}/connectors?expand=status`);
  io.out(`  curl ${hints.rest}/metrics`);
  io.out(`  ${COMMAND} topics tail ${hints.topic} --hub ${hints.hub}`);
  io.out(`  ${COMMAND} verify shop --hub ${hints.hub}${hints.search === undefined ? '' : ' --index search'}`);
  if (hints.search !== undefined) io.out(`  curl '${hints.search}'`);
  io.out(`  psql ${hints.database}`);
  io.out(`  ls ${hints.archives}`);
  io.out('');
}

function printLeft(io: CliIo, folder: string, watched: boolean): void {
  const watch = import.meta.url.endsWith('.ts') ? 'npm run demo -- --watch' : 'npx millrace demo --watch';
  io.out('');
  io.out(
    `Left in ${folder}: archive/ (JSON Lines and Parquet), hub/ (topics and offsets), worker.log. The next demo empties it.`,
  );
  io.out(`  ${COMMAND} topics list --hub ${join(folder, 'hub')}`);
  io.out(`  ls ${join(folder, 'archive')}`);
  if (!watched) io.out(`To keep database and worker running and look around: ${watch}`);
}
