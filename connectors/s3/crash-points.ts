/**
 * Places where a crash test may kill the process (`Env.crash`).
 *
 * | name | stands |
 * | --- | --- |
 * | s3.after_part | a part of a multipart upload is sent |
 * | s3.before_complete | a span is to be closed, nothing of it is in the store |
 * | s3.after_facts | the facts of a file are fixed, the file itself is not there |
 * | s3.after_object | an object is there, nobody knows yet |
 * | s3.after_first_object | the object that decides the end is there, the other files of the span are not |
 * | s3.after_close | the whole span is there, the durable offset is not told yet |
 */
export const S3_CRASH_POINTS = [
  's3.after_part',
  's3.before_complete',
  's3.after_facts',
  's3.after_object',
  's3.after_first_object',
  's3.after_close',
] as const;
