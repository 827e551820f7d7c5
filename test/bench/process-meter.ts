import { existsSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 100;

export interface ProcessFigures {
  /** User and system time, seconds. */
  readonly cpuSeconds: number;
  /** Highest RssAnon seen, sampled every 100 ms. */
  readonly peakAnonymousMib: number;
  /** VmHWM: includes mapped pages of the ledger. */
  readonly peakResidentMib: number;
}

/** CPU time a process has used, in seconds (Linux). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** One line of `/proc/<pid>/status` that holds kB, in MiB. */
export function statusMib(pid: number, name: 'RssAnon' | 'VmHWM' | 'VmRSS'): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'));
  return Number(line?.[1] ?? 0) / 1024;
}

/** Measures a process from now until `stop`. */
export class ProcessMeter {
  readonly #pid: number;
  readonly #cpuBefore: number;
  readonly #timer: NodeJS.Timeout;
  #peakAnonymousMib = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#cpuBefore = cpuSeconds(pid);
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  stop(): ProcessFigures {
    this.#sample();
    clearInterval(this.#timer);
    return {
      cpuSeconds: cpuSeconds(this.#pid) - this.#cpuBefore,
      peakAnonymousMib: Math.round(this.#peakAnonymousMib),
      peakResidentMib: Math.round(statusMib(this.#pid, 'VmHWM')),
    };
  }

  #sample(): void {
    if (!existsSync(`/proc/${this.#pid}/status`)) return;
    this.#peakAnonymousMib = Math.max(this.#peakAnonymousMib, statusMib(this.#pid, 'RssAnon'));
  }
}
