import type { Clock } from '../env/env.ts';

/**
 * Where a task can stand. Sources: reading → transforming → converting → producing. Sinks: reading →
 * transforming → writing, and flushing (which commits) now and then.
 *
 * - `reading`: in `read()` of a source, or fetching from the hub.
 * - `waiting`: there too, and there is proof that there is nothing to read.
 * - `converting`: source records become batches of the hub.
 * - `producing`: waits for the hub to take them.
 * - `committing`: waits for offsets to be durable, and for upstream to be told.
 * - `writing`: in `write()` of a sink.
 * - `retrying`: a sink asked to be offered the same records later.
 * - `flushing`: in `flush()` of a sink, and committing what is durable.
 * - `throttled`: a quota of the connector is used up.
 * - `yielding`: its turn on the thread is over; others have theirs.
 */
export const STAGES = [
  'starting',
  'reading',
  'waiting',
  'transforming',
  'converting',
  'producing',
  'committing',
  'writing',
  'retrying',
  'flushing',
  'throttled',
  'yielding',
  'paused',
  'draining',
  'stopped',
] as const;

export type Stage = (typeof STAGES)[number];

/** Milliseconds, or shares of 1, by stage; what is 0 is left out. */
export type ByStage = Readonly<Partial<Record<Stage, number>>>;

const NUMBER = Object.fromEntries(STAGES.map((stage, number) => [stage, number])) as Readonly<Record<Stage, number>>;
/** Over which {@link StageClock.shares} looks back. */
const WINDOW_MS = 10_000;

interface Mark {
  readonly atMs: number;
  readonly spentMs: Float64Array;
}

/**
 * Adds up the time a task spends in each stage. To be switched where a batch passes from one stage to
 * the next: a switch is one look at the monotonic clock and one addition.
 */
export class StageClock {
  readonly #clock: Clock;
  readonly #spentMs = new Float64Array(STAGES.length);
  readonly #marks: Mark[] = [];
  #stage: Stage = 'starting';
  #enteredMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#enteredMs = clock.monotonicMs();
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** Since when it has been in this stage, on the monotonic clock. */
  get enteredMs(): number {
    return this.#enteredMs;
  }

  /** Returns the monotonic time of the switch, for who measures something else by it. */
  enter(stage: Stage): number {
    const nowMs = this.#clock.monotonicMs();
    if (stage === this.#stage) return nowMs;
    this.#add(nowMs);
    this.#stage = stage;
    this.#enteredMs = nowMs;
    return nowMs;
  }

  /** The time since the last switch was spent in another stage than it looked like. */
  relabel(stage: Stage): void {
    this.#stage = stage;
  }

  /** Milliseconds in each stage since the task began. */
  spent(): ByStage {
    return byStage((number) => this.#total(number, this.#clock.monotonicMs()));
  }

  /** Which part of the last seconds was spent in each stage. To be called now and then: it looks back to such calls. */
  shares(): ByStage {
    const nowMs = this.#clock.monotonicMs();
    const marks = this.#marks;
    while (marks.length > 1 && nowMs - (marks[1] as Mark).atMs >= WINDOW_MS) marks.shift();
    const spentMs = Float64Array.from(STAGES, (_, number) => this.#total(number, nowMs));
    marks.push({ atMs: nowMs, spentMs });
    const first = marks[0] as Mark;
    const wholeMs = nowMs - first.atMs;
    if (wholeMs <= 0) return { [this.#stage]: 1 };
    return byStage((number) => ((spentMs[number] as number) - (first.spentMs[number] as number)) / wholeMs);
  }

  #total(number: number, nowMs: number): number {
    return (this.#spentMs[number] as number) + (number === NUMBER[this.#stage] ? nowMs - this.#enteredMs : 0);
  }

  #add(nowMs: number): void {
    const number = NUMBER[this.#stage];
    this.#spentMs[number] = (this.#spentMs[number] as number) + nowMs - this.#enteredMs;
  }
}

function byStage(of: (number: number) => number): ByStage {
  const entries = STAGES.map((stage, number): [Stage, number] => [stage, of(number)]);
  return Object.fromEntries(entries.filter(([, value]) => value > 0)) as ByStage;
}
