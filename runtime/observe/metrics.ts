import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Sample } from './sample.ts';

/**
 * The metrics page. Everything of millrace's own is taken from the running parts at the moment of the
 * scrape; between scrapes nothing is counted. Node's own metrics (`process_…`, `nodejs_…`) stand beside.
 */
export class MetricsPage {
  readonly #process = new Registry();
  readonly contentType = this.#process.contentType;

  constructor() {
    collectDefaultMetrics({ register: this.#process });
  }

  async render(samples: Iterable<Sample>): Promise<string> {
    const registry = new Registry();
    for (const [name, group] of Map.groupBy(samples, (sample) => sample.name)) fill(registry, name, group);
    return `${await registry.metrics()}\n${await this.#process.metrics()}`;
  }
}

function fill(registry: Registry, name: string, samples: readonly Sample[]): void {
  const labelNames = [...new Set(samples.flatMap(({ labels }) => Object.keys(labels ?? {})))];
  const options = { name, help: samples[0]?.help ?? name, labelNames, registers: [registry] };
  if (name.endsWith('_total')) {
    const counter = new Counter(options);
    for (const { labels, value } of samples) counter.inc({ ...labels }, Math.max(0, value));
    return;
  }
  const gauge = new Gauge(options);
  for (const { labels, value } of samples) gauge.set({ ...labels }, value);
}
