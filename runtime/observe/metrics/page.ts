import { collectDefaultMetrics, Registry } from 'prom-client';
import type { LabelValues, Sample } from '../sample.ts';

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
    return `${metricText(samples)}\n${await this.#process.metrics()}`;
  }
}

/** Prometheus' text exposition format, version 0.0.4. */
export function metricText(samples: Iterable<Sample>): string {
  const lines: string[] = [];
  for (const [name, group] of Map.groupBy(samples, ({ metric }) => metric.name)) {
    const { help, type } = (group[0] as Sample).metric;
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`);
    for (const { labels, value } of group) lines.push(`${name}${labelText(labels)} ${valueText(value)}`);
  }
  return lines.join('\n') + '\n';
}

function labelText(labels: LabelValues): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escaped(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
