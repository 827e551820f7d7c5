/** A metric as it is declared: from this come the page, and `docs/metrics.md`. */
export interface Metric {
  /** As Prometheus writes it; one that ends in `_total` is a counter. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  /** `seconds`, `bytes`, `records`, `1` for a state or a ratio, … */
  readonly unit: string;
  /** What it says, in a sentence. */
  readonly help: string;
}

export type MetricSet<N extends string> = Readonly<Record<N, Metric>>;

type Row = readonly [unit: string, help: string, labels?: readonly string[]];

/** Declares the metrics of a group, by their names without its prefix; `labels` are of all of them. */
export function metricSet<const R extends Readonly<Record<string, Row>>>(
  prefix: string,
  labels: readonly string[],
  rows: R,
): MetricSet<Extract<keyof R, string>> {
  const metrics = Object.entries(rows).map(([name, [unit, help, more = []]]): [string, Metric] => {
    const type = name.endsWith('_total') ? 'counter' : 'gauge';
    return [name, { name: `${prefix}${name}`, type, labels: [...labels, ...more], unit, help }];
  });
  return Object.fromEntries(metrics) as MetricSet<Extract<keyof R, string>>;
}

export type LabelValues = Readonly<Record<string, string | number>>;

/** One measurement of a scrape. */
export interface Sample {
  readonly metric: Metric;
  readonly labels: LabelValues;
  readonly value: number;
}

/** A part of a metric's name. */
export function metricName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_');
}
