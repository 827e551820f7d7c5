import type { SinkRecord } from '../../../runtime/connector/sink.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import type { Value } from '../../../runtime/record/value.ts';
import { rejected } from '../record-errors.ts';
import { fieldAt } from './field-path.ts';

/** Of the second half of a changed key: the row had another one before. */
const OLD_KEY = '__debezium.oldkey';

/** A change event of a row: Debezium's envelope taken apart. */
export type ChangeEvent =
  | {
      readonly kind: 'row';
      readonly before: Datum | undefined;
      readonly after: Datum;
      /** Whether the source may have left columns out that stayed as they were. */
      readonly mayLeaveOut: boolean;
    }
  | { readonly kind: 'delete'; readonly before: Datum | undefined }
  | { readonly kind: 'truncate' };

/** Takes an envelope, the record's value, apart. One that is none, or no change of a row, is a `data` error. */
export function changeEvent(record: SinkRecord, value: Datum): ChangeEvent {
  const op = fieldAt(value, ['op'])?.value;
  const before = rowAt(value, 'before');
  switch (op) {
    case 'c':
    case 'r':
    case 'u': {
      const after = rowAt(value, 'after');
      if (after === undefined) throw notAnEvent(record, `op is ${op}, but there is no \`after\``);
      const moved = op === 'c' && record.headers.some(({ key }) => key === OLD_KEY);
      return { kind: 'row', before, after, mayLeaveOut: op === 'u' || moved };
    }
    case 'd':
      return { kind: 'delete', before };
    case 't':
      return { kind: 'truncate' };
    default:
      throw notAnEvent(record, `\`op\` is ${shown(op)}`);
  }
}

function rowAt(envelope: Datum, side: 'before' | 'after'): Datum | undefined {
  const row = fieldAt(envelope, [side]);
  return row === undefined || row.value === null ? undefined : row;
}

function shown(op: Value | undefined): string {
  return typeof op === 'string' ? JSON.stringify(op.slice(0, 10)) : 'missing';
}

function notAnEvent(record: SinkRecord, problem: string) {
  return rejected(record, 'ELASTICSEARCH_NOT_AN_EVENT', `no change event of a row: ${problem}`, {
    key: 'millrace.unwrap',
    remedy: 'Leave the topic out of topics, or set millrace.unwrap=false where values are no change events.',
  });
}
