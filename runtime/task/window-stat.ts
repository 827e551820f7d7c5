/** How long a half of the window is: Kafka's `metrics.sample.window.ms`, of which it keeps two. */
const HALF_MS = 30_000;

/** Largest value and average over the last 30 to 60 s, as Kafka's metrics say them. No object per value. */
export class WindowStat {
  #sinceMs = -Infinity;
  #count = 0;
  #sum = 0;
  #max = 0;
  #min = Infinity;
  #countBefore = 0;
  #sumBefore = 0;
  #maxBefore = 0;
  #minBefore = Infinity;

  add(value: number, nowMs: number): void {
    if (nowMs - this.#sinceMs >= HALF_MS) this.#turn(nowMs);
    this.#count++;
    this.#sum += value;
    if (value > this.#max) this.#max = value;
    if (value < this.#min) this.#min = value;
  }

  /** 0 where there was nothing. */
  max(nowMs: number): number {
    this.#look(nowMs);
    return Math.max(this.#max, this.#maxBefore);
  }

  min(nowMs: number): number {
    this.#look(nowMs);
    const min = Math.min(this.#min, this.#minBefore);
    return min === Infinity ? 0 : min;
  }

  average(nowMs: number): number {
    this.#look(nowMs);
    const count = this.#count + this.#countBefore;
    return count === 0 ? 0 : (this.#sum + this.#sumBefore) / count;
  }

  #look(nowMs: number): void {
    if (nowMs - this.#sinceMs >= HALF_MS) this.#turn(nowMs);
  }

  #turn(nowMs: number): void {
    const isNext = nowMs - this.#sinceMs < 2 * HALF_MS;
    this.#countBefore = isNext ? this.#count : 0;
    this.#sumBefore = isNext ? this.#sum : 0;
    this.#maxBefore = isNext ? this.#max : 0;
    this.#minBefore = isNext ? this.#min : Infinity;
    this.#count = 0;
    this.#sum = 0;
    this.#max = 0;
    this.#min = Infinity;
    this.#sinceMs = nowMs;
  }
}
