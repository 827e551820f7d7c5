import { METRIC_GROUPS } from '../../runtime/observe/metrics/metric-groups.ts';
import { WITHOUT_MEANING } from '../../runtime/observe/metrics/connect.ts';
import { DEBEZIUM_WITHOUT } from '../../runtime/observe/metrics/debezium.ts';
import type { Metric } from '../../runtime/observe/sample.ts';

const INTRO = `# Metrics

\`GET /metrics\` of every worker, in Prometheus' text format. Everything is taken from the running parts at the moment of the
scrape. Ready to use: a dashboard, [\`config/grafana/millrace.json\`](../config/grafana/millrace.json), and alert rules,
[\`config/alerts/millrace.yml\`](../config/alerts/millrace.yml). What the figures mean in practice: [operations](operations.md).

Kafka Connect's groups have its names in the form that the Prometheus exporter of a JVM gives them: dashboards made for it
work. Texts of JMX (states, classes, versions) are labels of a metric that is 1. Percentages are 0 to 1, as Connect's are.
Averages and largest values are of the last half minute to minute.

Beside these stand Node's own, \`process_…\` and \`nodejs_…\` (memory, CPU, \`nodejs_eventloop_lag_seconds\` of the thread that
serves REST).`;

/** `docs/metrics.md`, from the declarations of the metrics. */
export function metricsPage(): string {
  const groups = METRIC_GROUPS.map(({ title, metrics }) => `## ${title}\n\n${metricTable(metrics)}`);
  const without = [
    '## Not exported',
    'Of Kafka Connect:',
    reasonTable(WITHOUT_MEANING),
    'Of Debezium:',
    reasonTable(DEBEZIUM_WITHOUT),
  ];
  return `${[INTRO, ...groups, ...without].join('\n\n')}\n`;
}

function metricTable(metrics: readonly Metric[]): string {
  const rows = metrics.map(({ name, type, labels, unit, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${unit} | ${cell(help)} |`;
  });
  return ['| Name | Type | Labels | Unit | Meaning |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function reasonTable(reasons: Readonly<Record<string, string>>): string {
  const rows = Object.entries(reasons).map(([name, reason]) => `| ${cell(name)} | ${cell(reason)} |`);
  return ['| Name | Why |', '| --- | --- |', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
