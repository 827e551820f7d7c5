import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../../../runtime/record/error.ts';
import { describeFailure, traceOf } from '../../../../runtime/task/error/failure.ts';

describe('a failure', () => {
  const cause = new MillraceError('S3_SCHEMA_UNKNOWN', 'no schema is known', {
    kind: 'data',
    remedy: 'Set value.converter.schemas.enable=true.',
  });
  const rejected = new MillraceError('TASK_RECORD_REJECTED', 'record t-0@5 was rejected', {
    kind: 'data',
    remedy: 'Mend the record.',
    cause,
  });

  it('tells the remedy of its cause before its own', () => {
    expect(describeFailure(rejected)).toMatchObject({
      code: 'TASK_RECORD_REJECTED',
      remedy: 'Set value.converter.schemas.enable=true. Mend the record.',
    });
    expect(traceOf(rejected)).toContain('Remedy: Set value.converter.schemas.enable=true. Mend the record.');
  });

  it('tells a remedy once, and takes the one of a cause where it has none', () => {
    const outer = new MillraceError('TASK_FAILED', 'reading', { kind: 'data', cause: rejected });
    expect(describeFailure(outer).remedy).toBe('Set value.converter.schemas.enable=true. Mend the record.');
    expect(describeFailure(new Error('x', { cause })).remedy).toBeUndefined();
    expect(traceOf(new Error('x', { cause })).match(/Remedy:/g)).toHaveLength(1);
  });

  it('tells a remedy once that an outer error goes on with', () => {
    const taken = new MillraceError('MYSQL_SERVER_ID_TAKEN', 'taken', { kind: 'busy', remedy: 'Take another id.' });
    const again = new MillraceError('MYSQL_SERVER_ID_TAKEN', 'taken, 3 times', {
      kind: 'config',
      remedy: 'Take another id. Then restart this one.',
      cause: taken,
    });
    expect(describeFailure(again).remedy).toBe('Take another id. Then restart this one.');
    expect(traceOf(again)).toContain('Remedy: Take another id. Then restart this one.\n');
  });
});
