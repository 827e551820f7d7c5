import type { RawConfig } from '../../connector/options.ts';
import type { JsonObject, RawHeader, TopicPartition } from '../../record/record.ts';
import { Redactor } from '../../observe/redactor.ts';
import { MillraceError } from '../../record/error.ts';
import { DEAD_LETTER_HEADER, type DeadLetterFacts, type DeadLetterForm, type ErrorStage } from './dead-letter-facts.ts';
import type { TaskSpec } from '../host.ts';

/** What becomes of a record that cannot be processed: the task stops, or it goes to a topic (I5). */
export type DeadLetterPolicy =
  | { readonly kind: 'stop'; readonly remedy: string }
  | { readonly kind: 'dead-letter'; readonly topic: string; readonly contextHeaders: boolean };

/**
 * How the topic is made where there is none: one partition, as Connect makes it (`DeadLetterQueueReporter`), and kept.
 * A dead letter has the time of its record, so that retention by time would take the one of an old record at once.
 */
export const DEAD_LETTER_TOPIC = { partitions: 1, config: { 'retention.ms': '-1' } } as const;

const PREFIX = '__connect.errors.';
const QUEUE = 'errors.deadletterqueue.';
/** Characters kept of a message and a stack in millrace's own header. */
const MESSAGE_LIMIT = 4000;
const STACK_LIMIT = 2000;

/**
 * By `errors.tolerance` and `errors.deadletterqueue.*`; of a source `millrace.errors.deadletterqueue.*`
 * first. Differs from Connect: `errors.tolerance=all` without a topic stops the task too, since a
 * record would be dropped.
 */
export function deadLetterPolicy(
  { config }: { readonly config: RawConfig },
  kind: 'source' | 'sink' = 'sink',
): DeadLetterPolicy {
  const topic = queueSetting(config, kind, 'topic.name') ?? '';
  const tolerant = config['errors.tolerance']?.trim().toLowerCase() === 'all';
  if (tolerant && topic !== '') {
    const context = queueSetting(config, kind, 'context.headers.enable')?.toLowerCase();
    return { kind: 'dead-letter', topic, contextHeaders: (context ?? String(kind === 'source')) === 'true' };
  }
  const key = kind === 'source' ? `millrace.${QUEUE}topic.name` : `${QUEUE}topic.name`;
  const missing = tolerant ? key : `errors.tolerance=all and ${key}`;
  return { kind: 'stop', remedy: `Mend the record, or set ${missing} to put such records aside.` };
}

function queueSetting(config: RawConfig, kind: 'source' | 'sink', name: string): string | undefined {
  const own = kind === 'source' ? config[`millrace.${QUEUE}${name}`]?.trim() : undefined;
  return own ?? config[`${QUEUE}${name}`]?.trim();
}

export interface DeadLetter {
  readonly spec: TaskSpec;
  readonly stage: ErrorStage;
  /** Class at which it failed: the connector's, a transform's or a converter's. */
  readonly className: string;
  readonly error: Error;
  readonly form: DeadLetterForm;
  /** Of a record that came from the hub. */
  readonly from?: TopicPartition & { readonly offset: bigint; readonly topicId?: string | undefined };
  /** Topic that a source's record was meant for. */
  readonly topic?: string;
  /** Where a source read it. */
  readonly source?: { readonly partition: JsonObject; readonly offset: JsonObject };
  /** When it failed, epoch milliseconds. */
  readonly atMs: number;
}

/**
 * A record's own headers, then millrace's {@link DEAD_LETTER_HEADER}, then, where they are wanted,
 * Connect's context headers, all text (`DeadLetterQueueReporter`).
 */
export function deadLetterHeaders(
  letter: DeadLetter,
  own: readonly RawHeader[],
  contextHeaders: boolean,
): readonly RawHeader[] {
  const facts = { key: DEAD_LETTER_HEADER, value: Buffer.from(JSON.stringify(factsOf(letter, own, contextHeaders))) };
  return contextHeaders ? [...own, facts, ...connectHeaders(letter)] : [...own, facts];
}

function factsOf(letter: DeadLetter, own: readonly RawHeader[], contextHeaders: boolean): DeadLetterFacts {
  const { spec, stage, className, form, from, source, atMs } = letter;
  const error = shownError(letter);
  const topic = from?.topic ?? letter.topic;
  return {
    version: 1,
    connector: spec.connector,
    task: spec.task,
    form,
    at: atMs,
    stage,
    class: className,
    code: codeOf(letter.error),
    message: error.message.slice(0, MESSAGE_LIMIT),
    headers: own.length,
    ...(topic === undefined ? {} : { topic }),
    ...(from?.topicId === undefined ? {} : { topicId: from.topicId }),
    ...(from === undefined ? {} : { partition: from.partition, offset: String(from.offset) }),
    ...(source === undefined ? {} : { source }),
    ...(contextHeaders || error.stack === undefined ? {} : { stack: error.stack.slice(0, STACK_LIMIT) }),
  };
}

function connectHeaders(letter: DeadLetter): RawHeader[] {
  const { spec, stage, className, from } = letter;
  const error = shownError(letter);
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
    ['exception.class.name', codeOf(letter.error)],
    ['exception.message', error.message],
    ['exception.stacktrace', error.stack ?? ''],
  ];
  return texts.map(([name, text]) => ({ key: PREFIX + name, value: Buffer.from(text) }));
}

const redactors = new WeakMap<TaskSpec, Redactor>();

/** What the error says, without the secrets of the configuration: drivers quote addresses with their passwords (I9). */
function shownError({ spec, error }: DeadLetter): { readonly message: string; readonly stack: string | undefined } {
  let redactor = redactors.get(spec);
  if (redactor === undefined) {
    redactor = new Redactor();
    for (const secret of spec.secrets ?? []) redactor.learnParts(secret);
    redactors.set(spec, redactor);
  }
  const { message, stack } = error;
  return { message: redactor.hide(message), stack: stack === undefined ? undefined : redactor.hide(stack) };
}

function codeOf(error: Error): string {
  return error instanceof MillraceError ? error.code : error.name;
}
