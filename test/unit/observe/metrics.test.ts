import { describe, expect, it } from 'vitest';
import { METRIC_GROUPS } from '../../../runtime/observe/metrics/metric-groups.ts';
import { MetricsPage, metricText } from '../../../runtime/observe/metrics/page.ts';
import { metricSet } from '../../../runtime/observe/sample.ts';

const { x_total: x, y_bytes: y } = metricSet('millrace_', ['connector'], {
  x_total: ['records', 'X of "it".'],
  y_bytes: ['bytes', 'Y\nof it.'],
});

describe('the metrics page', () => {
  it('is Prometheus text: counters end in _total, labels are escaped, each family stands together', () => {
    const text = metricText([
      { metric: x, labels: { connector: 'a"b\\c\nd' }, value: 3 },
      { metric: y, labels: {}, value: Infinity },
      { metric: x, labels: { connector: 'e', task: 0 }, value: NaN },
    ]);
    expect(text.split('\n')).toEqual([
      '# HELP millrace_x_total X of "it".',
      '# TYPE millrace_x_total counter',
      'millrace_x_total{connector="a\\"b\\\\c\\nd"} 3',
      'millrace_x_total{connector="e",task="0"} NaN',
      '# HELP millrace_y_bytes Y\\nof it.',
      '# TYPE millrace_y_bytes gauge',
      'millrace_y_bytes +Inf',
      '',
    ]);
  });

  it('has the metrics of the process beside', async () => {
    const text = await new MetricsPage().render([{ metric: x, labels: {}, value: 4 }]);
    expect(text).toContain('millrace_x_total 4');
    expect(text).toContain('process_resident_memory_bytes');
  });
});

describe('the declared metrics', () => {
  const all = METRIC_GROUPS.flatMap(({ metrics }) => metrics);

  it('have a name each that Prometheus takes, a unit and a meaning', () => {
    const names = all.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, unit, help } of all) {
      expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
      expect(unit).not.toBe('');
      expect(help).toMatch(/\.$/);
    }
  });

  it('are counters exactly where their names end in _total', () => {
    for (const { name, type } of all)
      expect([name, type]).toEqual([name, name.endsWith('_total') ? 'counter' : 'gauge']);
  });
});
