/** `config/grafana/millrace.json`: what the dashboard shows, and the JSON of Grafana around it. */

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  /** A number with its colour by threshold, not a line over time. */
  readonly stat?: { readonly red: number };
  readonly stacked?: boolean;
  readonly width?: number;
}

interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const TASK = 'connector=~"$connector"';
const task = '{{connector}}-{{task}}';
const rate = (name: string, by = 'connector, task'): string =>
  `sum by (${by}) (rate(${name}{${TASK}}[$__rate_interval]))`;
const of = (name: string, more = ''): string => `${name}{${TASK}${more}}`;

const ROWS: readonly Row[] = [
  {
    title: 'Does everything move?',
    panels: [
      {
        title: 'Stalled tasks',
        description: 'Tasks without progress for millrace.stall.timeout.ms.',
        unit: 'none',
        queries: [[`sum(${of('millrace_task_stalled')})`, 'stalled']],
        stat: { red: 1 },
        width: 4,
      },
      {
        title: 'Failed tasks',
        description: 'Tasks that stopped with an error and wait for somebody.',
        unit: 'none',
        queries: [['millrace_tasks{state="FAILED"}', 'failed']],
        stat: { red: 1 },
        width: 4,
      },
      {
        title: 'Dead letters in the last hour',
        description: 'Records that could not be processed.',
        unit: 'none',
        queries: [[`sum(increase(${of('millrace_connector_dead_letters_total')}[1h])) or vector(0)`, 'dead letters']],
        stat: { red: 1 },
        width: 4,
      },
      {
        title: 'Hub refuses records',
        description: '1: the disk is full; sources wait.',
        unit: 'none',
        queries: [['max(millrace_hub_disk_full)', 'disk full']],
        stat: { red: 1 },
        width: 4,
      },
      {
        title: 'Time since progress',
        description: 'Since offsets moved or idleness was proved.',
        unit: 's',
        queries: [[of('millrace_task_progress_age_seconds'), task]],
        width: 8,
      },
    ],
  },
  {
    title: 'Lag',
    panels: [
      {
        title: 'Lag in time',
        description: 'Age of the last record while there are more.',
        unit: 's',
        queries: [[of('millrace_task_lag_seconds'), task]],
      },
      {
        title: 'Lag in bytes',
        description: 'Of upstream’s log for sources, of the hub for sinks.',
        unit: 'bytes',
        queries: [[of('millrace_task_lag_bytes'), task]],
      },
      {
        title: 'Lag in records',
        description: 'Of sinks.',
        unit: 'none',
        queries: [[of('millrace_task_lag_records'), task]],
      },
    ],
  },
  {
    title: 'Where is it slow?',
    panels: [
      {
        title: 'Share of time by stage',
        description: 'The largest share that is not waiting is what to make faster.',
        unit: 'percentunit',
        queries: [[rate('millrace_task_stage_seconds_total', 'connector, task, stage'), `${task} {{stage}}`]],
        stacked: true,
        width: 12,
      },
      {
        title: 'Bytes in queues',
        description: 'A full queue names the side that is too slow: the one after it.',
        unit: 'bytes',
        queries: [[of('millrace_task_queue_bytes'), `${task} {{queue}}`]],
        width: 12,
      },
    ],
  },
  {
    title: 'Throughput',
    panels: [
      {
        title: 'Records from sources',
        description: 'Given to the hub.',
        unit: 'cps',
        queries: [[rate('millrace_source_record_write_total'), task]],
      },
      {
        title: 'Records to sinks',
        description: 'Taken by the connectors.',
        unit: 'cps',
        queries: [[rate('millrace_sink_record_send_total'), task]],
      },
      {
        title: 'Bytes',
        description: 'Of keys and values.',
        unit: 'Bps',
        queries: [
          [rate('millrace_source_bytes_write_total'), `${task} from source`],
          [rate('millrace_sink_bytes_send_total'), `${task} to sink`],
        ],
      },
    ],
  },
  {
    title: 'Hub',
    panels: [
      {
        title: 'Average group commit',
        description: 'What a durable append waits for.',
        unit: 's',
        queries: [
          [
            'rate(millrace_hub_commit_seconds_total[$__rate_interval]) / rate(millrace_hub_commits_total[$__rate_interval])',
            'commit',
          ],
        ],
        width: 6,
      },
      {
        title: 'Appended',
        description: 'Bytes of record batches.',
        unit: 'Bps',
        queries: [['rate(millrace_hub_appended_bytes_total[$__rate_interval])', 'appended']],
        width: 6,
      },
      {
        title: 'Waiting for a commit',
        description: 'Bytes the hub has taken and not synced.',
        unit: 'bytes',
        queries: [['millrace_hub_queued_bytes', 'queued']],
        width: 6,
      },
      {
        title: 'Disk',
        description: 'What the hub holds, and what is left.',
        unit: 'bytes',
        queries: [
          ['millrace_hub_disk_bytes', 'hub'],
          ['millrace_hub_free_bytes', 'free'],
        ],
        width: 6,
      },
    ],
  },
  {
    title: 'Threads and memory',
    panels: [
      {
        title: 'Event-loop delay of task threads',
        description: 'A task that blocks its thread holds up its neighbours.',
        unit: 's',
        queries: [[of('millrace_task_event_loop_delay_seconds'), task]],
        width: 12,
      },
      {
        title: 'Utilization of task threads',
        description: 'At 1 the thread is the limit.',
        unit: 'percentunit',
        queries: [[of('millrace_task_event_loop_utilization'), task]],
        width: 12,
      },
      {
        title: 'Event-loop delay of hub and REST',
        description: 'How long the hub’s thread takes to answer; how late the thread is that serves REST.',
        unit: 's',
        queries: [
          ['millrace_hub_answer_seconds', 'hub'],
          ['nodejs_eventloop_lag_seconds', 'REST'],
        ],
        width: 12,
      },
      {
        title: 'Memory of the worker',
        description: 'Resident.',
        unit: 'bytes',
        queries: [['process_resident_memory_bytes', 'resident']],
        width: 12,
      },
    ],
  },
];

const COLUMNS = 24;
const HEIGHT = 8;
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

export function grafanaDashboard(): string {
  const panels: unknown[] = [];
  let y = 0;
  for (const { title, panels: own } of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y++;
    let x = 0;
    for (const panel of own) {
      const w = panel.width ?? COLUMNS / 3;
      if (x + w > COLUMNS) {
        x = 0;
        y += HEIGHT;
      }
      panels.push(panelJson(panel, panels.length + 1, { x, y, w, h: HEIGHT }));
      x += w;
    }
    y += HEIGHT;
  }
  const dashboard = {
    uid: 'millrace',
    title: 'millrace',
    description: 'Tasks, lag, where the time goes, throughput and hub of a millrace worker.',
    tags: ['millrace'],
    schemaVersion: 39,
    editable: true,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [datasource, connectors] },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

const datasource = { name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Data source' };
const connectors = {
  name: 'connector',
  type: 'query',
  label: 'Connector',
  datasource: SOURCE,
  definition: 'label_values(millrace_task_status, connector)',
  query: { query: 'label_values(millrace_task_status, connector)', refId: 'connectors' },
  refresh: 2,
  includeAll: true,
  allValue: '.*',
  multi: true,
  current: { text: 'All', value: '$__all' },
};

function panelJson({ title, description, unit, queries, stat, stacked }: Panel, id: number, gridPos: object): object {
  const targets = queries.map(([expr, legendFormat], at) => ({
    refId: String.fromCodePoint(65 + at),
    datasource: SOURCE,
    expr,
    legendFormat,
  }));
  const shared = { id, title, description, gridPos, datasource: SOURCE, targets };
  if (stat !== undefined) {
    const steps = [
      { color: 'green', value: null },
      { color: 'red', value: stat.red },
    ];
    const defaults = { unit, thresholds: { mode: 'absolute', steps } };
    return { ...shared, type: 'stat', fieldConfig: { defaults, overrides: [] }, options: { colorMode: 'background' } };
  }
  const stacking = { mode: stacked === true ? 'normal' : 'none' };
  const defaults = { unit, min: 0, custom: { fillOpacity: stacked === true ? 40 : 5, stacking } };
  return { ...shared, type: 'timeseries', fieldConfig: { defaults, overrides: [] } };
}
