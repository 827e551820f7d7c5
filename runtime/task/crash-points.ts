/**
 * Places where a crash test may kill the process (`Env.crash`). These are the tasks' own; the connectors
 * name theirs (`snapshot.…`, `s3.…`).
 *
 * | name | stands |
 * | --- | --- |
 * | source.before_append, source.after_append | around each append of a hub batch |
 * | source.before_offset, source.after_offset | around the offset record: its own append, or as part of the transaction |
 * | source.after_commit | a transaction's commit is durable, nobody knows yet |
 * | source.before_committed, source.after_committed | around telling the source |
 * | sink.after_write | the task took a batch, nothing is committed |
 * | sink.before_commit, sink.after_commit | around the commit of the group's offsets |
 * | redrive.after_write | dead letters are durable in the sink again, nothing says so yet |
 * | redrive.before_commit, redrive.after_commit | around the transaction of what failed again and the marks |
 */
export const TASK_CRASH_POINTS = [
  'source.before_append',
  'source.after_append',
  'source.before_offset',
  'source.after_offset',
  'source.after_commit',
  'source.before_committed',
  'source.after_committed',
  'sink.after_write',
  'sink.before_commit',
  'sink.after_commit',
  'redrive.after_write',
  'redrive.before_commit',
  'redrive.after_commit',
] as const;
