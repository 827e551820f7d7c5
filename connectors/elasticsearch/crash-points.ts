/**
 * Places where a crash test may kill the process (`Env.crash`).
 *
 * | name | stands |
 * | --- | --- |
 * | elasticsearch.before_bulk | operations are encoded, nothing is sent |
 * | elasticsearch.after_bulk | the server has carried out a bulk, nobody here knows yet |
 * | elasticsearch.before_retry | a part of a bulk is done, the rest is to be sent again |
 * | elasticsearch.after_claim | an index is made or claimed, nothing is in it |
 */
export const ELASTICSEARCH_CRASH_POINTS = [
  'elasticsearch.before_bulk',
  'elasticsearch.after_bulk',
  'elasticsearch.before_retry',
  'elasticsearch.after_claim',
] as const;
