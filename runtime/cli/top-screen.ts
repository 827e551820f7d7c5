import type { ConnectorProfile } from '../rest/api.ts';

interface Line {
  readonly text: string;
  readonly colour: 'bold' | 'red' | 'yellow' | 'dim' | null;
}

type Task = ConnectorProfile['tasks'][number];

const HEADS = ['TASK', 'STANDING', 'AT', 'RECORDS/S', 'BYTES/S', 'QUEUED', 'LOOP', 'WHERE THE TIME GOES'];

/** The busiest first: by how little of their time they wait. */
export function topLines(profiles: readonly ConnectorProfile[], width: number | undefined): readonly Line[] {
  const rows = profiles
    .flatMap(({ name, tasks }) => tasks.map((task) => ({ task, cells: cellsOf(name, task) })))
    .toSorted((a, b) => idleShare(a.task) - idleShare(b.task));
  const widths = HEADS.map((head, at) => Math.max(head.length, ...rows.map(({ cells }) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (at >= 3 && at <= 6 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ');
  const cut = (text: string): string => text.slice(0, width ?? text.length).trimEnd();
  return [
    { text: cut(line(HEADS)), colour: 'bold' },
    ...rows.map(({ task, cells }): Line => ({ text: cut(line(cells)), colour: colourOf(task) })),
  ];
}

function cellsOf(name: string, task: Task): readonly string[] {
  const queued = Object.values(task.queues).reduce((sum, bytes) => sum + bytes, 0);
  const queues = Object.entries(task.queues).filter(([, bytes]) => bytes > 0);
  const where = queues.map(([queue, bytes]) => `${queue} ${bytesText(bytes)}`).join(', ');
  return [
    `${name}-${task.id}`,
    task.state === 'RUNNING' ? task.standing : task.state,
    task.at,
    countText(task.records_per_second),
    bytesText(task.bytes_per_second),
    bytesText(queued),
    `${Math.round(task.loop_utilization * 100)}%`,
    where === '' ? sharesText(task.shares) : `${sharesText(task.shares)} (${where})`,
  ];
}

/** `converting 61% producing 20% reading 19%` */
function sharesText(shares: Task['shares']): string {
  return Object.entries(shares)
    .filter(([, share]) => share >= 0.005)
    .toSorted(([, a], [, b]) => b - a)
    .map(([stage, share]) => `${stage} ${Math.round(share * 100)}%`)
    .join(' ');
}

function idleShare({ shares }: Task): number {
  return (shares['waiting'] ?? 0) + (shares['paused'] ?? 0) + (shares['stopped'] ?? 0);
}

function colourOf({ standing, state }: Task): Line['colour'] {
  if (standing === 'STALLED' || state === 'FAILED') return 'red';
  if (standing === 'THROTTLED') return 'yellow';
  return standing === 'IDLE' ? 'dim' : null;
}

function countText(count: number): string {
  return Math.round(count).toLocaleString('en');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytesText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
