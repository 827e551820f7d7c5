/**
 * Places where a crash test may kill the process (`Env.crash`), in the order a snapshot comes by:
 * the intent is durable; around the creation of the slot; the plan is made; a batch of rows is about
 * to be handed over; a window's open mark is written; its rows are read; its close mark is written;
 * its rows go into the stream.
 */
export const SNAPSHOT_CRASH_POINTS = [
  'snapshot.after_intent',
  'snapshot.before_slot',
  'snapshot.after_slot',
  'snapshot.after_plan',
  'snapshot.batch',
  'snapshot.window_opened',
  'snapshot.window_read',
  'snapshot.window_closed',
  'snapshot.window_emitted',
] as const;
