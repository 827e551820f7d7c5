type Labels = Readonly<Record<string, string | number>>;

/** One measurement of a scrape. A name that ends in `_total` is a counter. */
export interface Sample {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Labels;
}

/** A part of a metric's name. */
export function metricName(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/g, '_');
}
