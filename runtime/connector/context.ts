/** A line of structured log. Levels as in Kafka Connect. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/**
 * What a task may tell the runtime while it works. Gauges appear in the task's status and, as
 * `millrace_connector_<name>`, in the metrics, labelled with connector and task.
 */
export interface TaskContext {
  readonly connector: string;
  readonly task: number;
  readonly log: Log;
  /** The stage the task stands at, in words: "snapshot of public.orders", "streaming". */
  stage(text: string): void;
  /**
   * Nothing can move now, and this is how it is known: "the server had sent everything at 0/15D6A28".
   * To be said again and again while it is so: a source that waits in `read()`, or a sink that keeps what
   * it was given, without either this or moving offsets is shown as stalled after
   * `millrace.stall.timeout.ms`. A `read()` that returns a batch without records and progress says it too.
   */
  idle(proof: string): void;
  /** Sets a gauge; null removes it. The name carries its unit (`lag_bytes`). */
  gauge(name: string, value: number | null): void;
  /** Sets a text shown with the status (`wal_status`); null removes it. */
  info(name: string, text: string | null): void;
  /** A condition an operator should see; null clears it. */
  warning(code: string, text: string | null): void;
}
