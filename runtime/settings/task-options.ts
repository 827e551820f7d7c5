import { option } from '../connector/options.ts';

const tasks = 'Tasks';

/** How tasks run: commits, delivery, threads, bounds, stalls, quotas, restarts. */
export const taskOptions = {
  'offset.flush.interval.ms': option.long({
    doc: 'Milliseconds between commits of offsets. (Kafka Connect’s default is 60000; here a commit is one hub append.)',
    group: tasks,
    default: 1000,
    minimum: 1,
  }),
  'offset.flush.timeout.ms': option.long({
    doc: 'Accepted for compatibility; task.shutdown.graceful.timeout.ms bounds the last commit too.',
    group: tasks,
    importance: 'LOW',
    default: 5000,
    minimum: 1,
    inert: [],
  }),
  'task.shutdown.graceful.timeout.ms': option.long({
    doc: 'Milliseconds tasks have to drain when they are stopped; then their threads are terminated.',
    group: tasks,
    default: 5000,
    minimum: 0,
  }),
  'exactly.once.source.support': option.oneOf(['disabled', 'preparing', 'enabled'], {
    doc: 'Whether source connectors may write records and offsets in one transaction.',
    group: tasks,
    importance: 'HIGH',
    default: 'disabled',
  }),
  'millrace.delivery': option.oneOf(['at-least-once', 'exactly-once'], {
    doc: 'Delivery of source connectors that do not choose their own. By default exactly-once where exactly.once.source.support is enabled.',
    group: tasks,
    optional: true,
  }),
  'millrace.task.threads': option.int({
    doc: 'Threads the tasks of built-in connectors share. 0: one a core.',
    group: tasks,
    default: 0,
    minimum: 0,
    maximum: 1024,
  }),
  'millrace.task.max.inflight.bytes': option.long({
    doc: 'Most bytes one task holds that are not durable yet.',
    group: tasks,
    default: 33554432,
    minimum: 65536,
  }),
  'millrace.task.thread.max.heap.mb': option.int({
    doc: 'Largest JavaScript heap of a task thread in MiB; a task that needs more fails.',
    group: tasks,
    importance: 'LOW',
    default: 512,
    minimum: 32,
  }),
  'millrace.task.thread.max.external.mb': option.int({
    doc: 'Most MiB of buffers outside the heap that a task thread may hold; a task that needs more fails. Looked at every second: a task that allocates fast may pass it for that long.',
    group: tasks,
    importance: 'LOW',
    default: 1024,
    minimum: 64,
  }),
  'millrace.task.call.timeout.ms': option.long({
    doc: 'Milliseconds a call into a connector’s task may take before the task fails with the name of the call; reading a source may wait without limit. A connector’s own key goes before it.',
    group: tasks,
    importance: 'LOW',
    default: 600000,
    minimum: 1,
  }),
  'millrace.stall.timeout.ms': option.long({
    doc: 'Milliseconds without progress (offsets that move, or proof that there is nothing to do) after which a task is shown as STALLED; 0: never. A connector’s own key goes before it.',
    group: tasks,
    default: 120000,
    minimum: 0,
  }),
  'millrace.stall.action': option.oneOf(['report', 'restart'], {
    doc: 'report: a stalled task is shown in health, log and metrics; restart: it is started again too. A connector’s own key goes before it.',
    group: tasks,
    default: 'report',
  }),
  'millrace.quota.records.per.second': option.long({
    doc: 'Most records per second that each connector without a quota of its own may pass on, shared evenly by its tasks.',
    group: tasks,
    importance: 'LOW',
    optional: true,
    minimum: 1,
  }),
  'millrace.quota.bytes.per.second': option.long({
    doc: 'Most bytes of keys and values per second that each connector without a quota of its own may pass on, shared evenly by its tasks.',
    group: tasks,
    importance: 'LOW',
    optional: true,
    minimum: 1,
  }),
  'millrace.task.stall.timeout.ms': option.long({
    doc: 'Milliseconds a task may block its thread before the thread is terminated.',
    group: tasks,
    importance: 'LOW',
    default: 30000,
    minimum: 1000,
  }),
  'plugin.path': option.list({
    doc: 'Folders of third-party connectors: a package named in connector.class is looked for in each of them and in its node_modules, then beside millrace itself.',
    group: tasks,
    default: ['.'],
  }),
  'millrace.plugin.paths.enable': option.boolean({
    doc: 'Whether connector.class may be the path or file URL of a package’s folder: whoever may create connectors may then run any such code on this machine.',
    group: tasks,
    importance: 'LOW',
    default: false,
  }),
  'errors.retry.timeout': option.long({
    doc: 'Milliseconds for which a failed task is started again by itself where its error may pass; -1: without limit. A connector’s own key goes before it.',
    group: tasks,
    default: -1,
    minimum: -1,
  }),
  'errors.retry.delay.max.ms': option.long({
    doc: 'Longest delay in milliseconds between such attempts.',
    group: tasks,
    default: 60000,
    minimum: 1,
  }),
  'millrace.restart.max': option.int({
    doc: 'Most restarts of a failed task by itself within millrace.restart.window.ms; then it stays FAILED. -1: without limit; 0: none. A connector’s own key goes before it, and before the next three.',
    group: tasks,
    default: -1,
    minimum: -1,
  }),
  'millrace.restart.window.ms': option.long({
    doc: 'Milliseconds over which millrace.restart.max counts.',
    group: tasks,
    default: 3600000,
    minimum: 1,
  }),
  'millrace.restart.backoff.ms': option.long({
    doc: 'Milliseconds before the first restart; doubled at each one in a row.',
    group: tasks,
    default: 300,
    minimum: 1,
  }),
  'millrace.restart.backoff.max.ms': option.long({
    doc: 'Longest wait in milliseconds between restarts; by default errors.retry.delay.max.ms.',
    group: tasks,
    optional: true,
    minimum: 1,
  }),
};
