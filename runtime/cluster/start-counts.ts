/** Starts since the worker began. */
export interface StartCount {
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
}

class Count implements StartCount {
  attempts = 0;
  successes = 0;
  failures = 0;
}

/** How starts of connectors and tasks went, as Kafka Connect's worker metrics count them. */
export class StartCounts {
  readonly connectors = new Count();
  readonly tasks = new Count();
}
