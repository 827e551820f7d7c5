import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { METRIC_GROUPS } from '../../../runtime/observe/metrics/metric-groups.ts';
import { connectorGauges } from '../../../runtime/observe/metrics/tasks.ts';
import { findPromtool } from '../../services/promtool.ts';
import { databaseOptions, startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { startLocalWorker, type LocalWorker } from '../rest/local-worker.ts';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url);
const ALERTS = fileURLToPath(new URL('config/alerts/millrace.yml', root));

let server: PostgresServer;
let worker: LocalWorker;
/** Labels of each metric on the page, joined of all its samples. */
let exposed: ReadonlyMap<string, ReadonlySet<string>>;
let page: string;

beforeAll(async () => {
  server = await startPostgres({ settings: { max_slot_wal_keep_size: '1GB' } });
  await server.sql('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)');
  worker = await startLocalWorker({ 'offset.flush.interval.ms': '100' });
  const put = (name: string, config: object) => worker.request('PUT', `/connectors/${name}/config`, config);
  await put('feed', { 'connector.class': 'generator', topic: 'feed', throughput: '500' });
  await put('sink', { 'connector.class': 'blackhole', topics: 'feed' });
  await put('shop', {
    'connector.class': 'postgres',
    ...databaseOptions(server),
    'topic.prefix': 'shop',
    'millrace.delivery': 'exactly-once',
    'millrace.slot.poll.interval.ms': '200',
  });
  for (let round = 0; round < 300; round++) {
    page = (await worker.request('GET', '/metrics')).text;
    const counts = [/write_total\{connector="shop",task="0"\} [1-9]/, /send_total\{connector="sink",task="0"\} [1-9]/];
    if ([...counts, /connector_safe_wal_bytes/, /lag_seconds\{connector="shop"/].every((wanted) => wanted.test(page)))
      break;
    await server.sql(`INSERT INTO t VALUES (${1000 + round})`);
    await sleep(100);
  }
  exposed = labelsOf(page);
});

afterAll(async () => {
  await worker.close();
  await server.stop();
});

function labelsOf(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_]\w*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const known = found.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    found.set(name, known);
  }
  return found;
}

interface Use {
  readonly metric: string;
  readonly labels: readonly string[];
}

const FUNCTIONS = /\b(?:sum|max|min|rate|increase|deriv|predict_linear|vector|label_values)\b/g;

/** The metrics of an expression, with the labels it selects and groups by. */
function usesOf(expression: string): readonly Use[] {
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
  const plain = expression
    .replaceAll(/\bby \([^)]*\)/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(FUNCTIONS, ' ');
  const uses = [...plain.matchAll(/([a-zA-Z_]\w{4,})(?:\{([^}]*)\})?/g)].filter(([, name = '']) => name.includes('_'));
  return uses.map(([, metric = '', selector = '']) => {
    const selected = [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label);
    return { metric, labels: [...selected, ...grouped] };
  });
}

function missing(expressions: readonly (readonly [expression: string, more: readonly string[]])[]): string[] {
  return expressions.flatMap(([expression, more]) =>
    usesOf(expression).flatMap(({ metric, labels }) => {
      const known = exposed.get(metric);
      if (known === undefined) return [`${metric} (in ${expression})`];
      return [...labels, ...more].filter((label) => !known.has(label)).map((label) => `${metric}{${label}}`);
    }),
  );
}

interface Dashboard {
  readonly panels: readonly {
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly definition?: string }[] };
}

describe('a running worker with sources and a sink', () => {
  test('exposes every metric and label that the dashboard names', async () => {
    const dashboard = JSON.parse(await readFile(new URL('config/grafana/millrace.json', root), 'utf8')) as Dashboard;
    const targets = dashboard.panels.flatMap(({ targets: own = [] }) => own);
    expect(targets.length).toBeGreaterThan(15);
    const shown = (legend: string): string[] => [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    expect(missing(targets.map(({ expr, legendFormat }) => [expr, shown(legendFormat)]))).toEqual([]);
    const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
    for (const definition of variables) {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition) ?? [];
      expect(exposed.get(metric)?.has(label)).toBe(true);
    }
  });

  test('exposes every metric and label that the alert rules name', async () => {
    const text = await readFile(ALERTS, 'utf8');
    const rules = text.split(/^\s+- alert: /m).slice(1);
    expect(rules.length).toBeGreaterThan(8);
    for (const rule of rules) {
      const [, expression = ''] = /^\s+expr: (.*)$/m.exec(rule) ?? [];
      expect(usesOf(expression).length).toBeGreaterThan(0);
      const told = [...rule.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      expect(missing([[expression, told]])).toEqual([]);
    }
  });

  test('exposes what is declared, and nothing of its own that is not; types and labels are as declared', () => {
    const declared = new Map(METRIC_GROUPS.flatMap(({ metrics }) => metrics).map((metric) => [metric.name, metric]));
    const own = [...exposed].filter(([name]) => /^(?:millrace|kafka_connect|debezium)_/.test(name));
    expect(own.filter(([name]) => !declared.has(name)).map(([name]) => name)).toEqual([]);
    for (const [name, labels] of own) {
      expect([name, [...labels].toSorted()]).toEqual([name, [...(declared.get(name)?.labels ?? [])].toSorted()]);
      expect(page).toContain(`# TYPE ${name} ${declared.get(name)?.type}\n`);
    }
    // Gauges of other connectors, and of what did not happen here.
    const others = new Set(Object.values(connectorGauges).map(({ name }) => name));
    const absent = [...declared.keys()].filter((name) => !exposed.has(name) && !others.has(name));
    expect(absent).toEqual([]);
  });

  test('keeps Kafka Connect’s figures: polled, written, sent, committed', () => {
    const value = (name: string, labels: string): number =>
      Number(new RegExp(`^${name}\\{${labels}\\} (\\S+)$`, 'm').exec(page)?.[1]);
    const feed = 'connector="feed",task="0"';
    expect(value('kafka_connect_source_task_metrics_source_record_poll_total', feed)).toBeGreaterThan(0);
    expect(value('kafka_connect_source_task_metrics_source_record_write_total', feed)).toBeGreaterThan(0);
    const sink = 'connector="sink",task="0"';
    expect(value('kafka_connect_sink_task_metrics_sink_record_read_total', sink)).toBeGreaterThan(0);
    expect(value('kafka_connect_sink_task_metrics_partition_count', sink)).toBe(1);
    expect(value('kafka_connect_connector_task_metrics_running_ratio', sink)).toBeGreaterThan(0.5);
    const shop = 'connector="shop",task="0"';
    expect(value('kafka_connect_source_task_metrics_transaction_size_max', shop)).toBeGreaterThan(0);
    expect(page).toContain('kafka_connect_connector_metrics_status{connector="shop",status="running"} 1');
    expect(page).toMatch(
      /^debezium_metrics_MilliSecondsBehindSource\{plugin="postgres",name="shop",connector="shop",task="0",context="streaming"\} \d+$/m,
    );
    expect(page).toContain('kafka_connect_connect_worker_metrics_task_count 3');
  });

  test('writes what Prometheus itself takes, and so are the rules', async (context) => {
    const found = await findPromtool();
    if ('missing' in found) return context.skip(found.missing);
    const { program: promtool } = found;
    expect((await run(promtool, ['check', 'rules', ALERTS])).stdout).toContain('SUCCESS');
    // Its opinions on names are on Kafka's and Debezium's too: what counts is that it can read all of it.
    const checking = run(promtool, ['check', 'metrics']);
    checking.child.stdin?.end(page);
    const told = await checking.then(
      () => '',
      (error: Error & { stderr: string }) => error.stderr,
    );
    expect(told).not.toMatch(/error while linting|parsing error/);
    expect(
      told.split('\n').filter((line) => line.startsWith('millrace_hub_') || line.startsWith('millrace_task_')),
    ).toEqual([]);
  });
});
