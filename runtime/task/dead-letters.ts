import type { RawHeader, TopicPartition } from '../record/record.ts';
import { MillraceError } from '../record/error.ts';
import type { TaskSpec } from './host.ts';

/** What becomes of a record that cannot be processed: the task stops, or it goes to a topic (I5). */
export type DeadLetterPolicy =
  | { readonly kind: 'stop'; readonly remedy: string }
  | { readonly kind: 'dead-letter'; readonly topic: string; readonly contextHeaders: boolean };

/**
 * By `errors.tolerance` and `errors.deadletterqueue.*`. Differs from Connect: `errors.tolerance=all`
 * without a topic stops the task too, since a record would be dropped.
 */
export function deadLetterPolicy({ config }: Pick<TaskSpec, 'config'>): DeadLetterPolicy {
  const topic = config['errors.deadletterqueue.topic.name']?.trim() ?? '';
  const tolerant = config['errors.tolerance']?.trim().toLowerCase() === 'all';
  if (tolerant && topic !== '') {
    const context = config['errors.deadletterqueue.context.headers.enable']?.trim().toLowerCase();
    return { kind: 'dead-letter', topic, contextHeaders: context === 'true' };
  }
  const missing = tolerant
    ? 'errors.deadletterqueue.topic.name'
    : 'errors.tolerance=all and errors.deadletterqueue.topic.name';
  return { kind: 'stop', remedy: `Mend the record, or set ${missing} to put such records aside.` };
}

export type ErrorStage = 'TASK_POLL' | 'TASK_PUT' | 'TRANSFORMATION' | 'KEY_CONVERTER' | 'VALUE_CONVERTER';

export interface DeadLetter {
  readonly spec: TaskSpec;
  readonly stage: ErrorStage;
  /** Class at which it failed: the connector's or a converter's. */
  readonly className: string;
  readonly error: Error;
  /** Of a record that came from the hub. */
  readonly from?: TopicPartition & { readonly offset: bigint };
}

const PREFIX = '__connect.errors.';

/** Connect's context headers (`DeadLetterQueueReporter`), all text. */
export function deadLetterHeaders({ spec, stage, className, error, from }: DeadLetter): RawHeader[] {
  const origin: [string, string][] =
    from === undefined
      ? []
      : [
          ['topic', from.topic],
          ['partition', String(from.partition)],
          ['offset', String(from.offset)],
        ];
  const texts: [string, string][] = [
    ...origin,
    ['connector.name', spec.connector],
    ['task.id', String(spec.task)],
    ['stage', stage],
    ['class.name', className],
    ['exception.class.name', error instanceof MillraceError ? error.code : error.name],
    ['exception.message', error.message],
    ['exception.stacktrace', error.stack ?? ''],
  ];
  return texts.map(([name, text]) => ({ key: PREFIX + name, value: Buffer.from(text) }));
}
