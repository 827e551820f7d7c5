import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';

/** What failed in the hub, as its client gets it. */
export function hubError(error: unknown): MillraceError {
  return error instanceof MillraceError ? error : unexpected(error);
}

function unexpected(error: unknown): MillraceError {
  const message = messageOf(error);
  return new MillraceError('HUB_UNEXPECTED', `hub: ${message}`, { kind: 'bug', cause: error });
}

export function unknownTopic(topic: string, partition?: number): MillraceError {
  const what = partition === undefined ? `topic ${topic}` : `partition ${partition} of topic ${topic}`;
  return new MillraceError('HUB_UNKNOWN_TOPIC', `hub: no ${what}`, {
    kind: 'missing',
    remedy: 'Create the topic, or allow the connector to create it.',
  });
}

export function invalidTopic(topic: string, why: string): MillraceError {
  return new MillraceError('HUB_TOPIC_INVALID', `hub: topic ${JSON.stringify(topic)}: ${why}`, {
    kind: 'config',
    remedy: 'Choose a name as Kafka allows it, and partitions and options that fit.',
  });
}

/** As {@link invalidTopic}, of a setting. */
export function invalidSetting(topic: string, key: string, why: string, remedy = `Correct ${key}.`): MillraceError {
  return new MillraceError('HUB_TOPIC_INVALID', `hub: topic ${JSON.stringify(topic)}: ${why}`, {
    kind: 'config',
    key,
    remedy,
  });
}

export function topicExists(topic: string): MillraceError {
  return new MillraceError('HUB_TOPIC_EXISTS', `hub: topic ${topic} exists already`, {
    kind: 'conflict',
    remedy: 'Choose another name, or use the topic as it is.',
  });
}

export function partitionsInvalid(topic: string, now: number, wanted: number, most: number): MillraceError {
  return new MillraceError(
    'HUB_PARTITIONS_INVALID',
    `hub: topic ${topic} has ${now} partitions, and cannot get ${wanted}`,
    {
      kind: 'config',
      key: 'partitions',
      remedy: `Give more than ${now} and at most ${most}: partitions are only added, never taken away.`,
    },
  );
}

/** Who placed keys by the old number begins again from what is durable, and places them by the new one. */
export function partitionsChanged(topic: string, placedIn: number, now: number): MillraceError {
  return new MillraceError(
    'HUB_PARTITIONS_CHANGED',
    `hub: topic ${topic} has ${now} partitions now; the keys of this batch were placed in ${placedIn}`,
    { kind: 'busy', remedy: 'Nothing: a source goes on from its last offset, and places keys by the new number.' },
  );
}

export function hubClosed(): MillraceError {
  return new MillraceError('HUB_CLOSED', 'hub: it was closed', { kind: 'closed' });
}

export function readOnlyHub(): MillraceError {
  return new MillraceError('HUB_READ_ONLY', 'hub: this process may only read the embedded hub', {
    kind: 'permission',
    remedy: 'Write through the worker that owns this hub.',
  });
}

export function fencedProducer(detail: string): MillraceError {
  return new MillraceError('HUB_PRODUCER_FENCED', `hub: ${detail}`, {
    kind: 'fenced',
    remedy: 'A newer incarnation of this writer took over, or its transaction ran out of time: start a new producer.',
  });
}

export function outOfOrder(topic: string, partition: number, expected: number, found: number): MillraceError {
  const message = `hub: ${topic}-${partition}: sequence ${found} of a producer, expected ${expected}`;
  return new MillraceError('HUB_OUT_OF_ORDER_SEQUENCE', message, {
    kind: 'conflict',
    remedy: 'An earlier batch of this producer was not appended: send that one first.',
  });
}

export function recordTooLarge(topic: string, bytes: number, limit: number): MillraceError {
  return new MillraceError(
    'HUB_RECORD_TOO_LARGE',
    `hub: a batch of ${bytes} bytes for ${topic}, which takes up to ${limit}`,
    {
      kind: 'data',
      key: 'max.message.bytes',
      remedy: 'Raise max.message.bytes of the topic.',
    },
  );
}

export function offsetOutOfRange(name: string, offset: number, start: number, end: number): MillraceError {
  return new MillraceError(
    'HUB_OFFSET_OUT_OF_RANGE',
    `hub: ${name}: offset ${offset}, held are ${start} up to ${end}`,
    {
      kind: 'position',
      remedy: 'The records were removed by retention, or the topic was made anew: choose where to read on.',
    },
  );
}

export function diskFull(path: string, detail: string, cause?: unknown): MillraceError {
  return new MillraceError('HUB_DISK_FULL', `hub: ${path}: ${detail}`, {
    kind: 'full',
    key: 'millrace.hub.min.free.bytes',
    remedy: 'Free disk space or shorten retention.ms of large topics; writing resumes by itself.',
    ...(cause === undefined ? {} : { cause }),
  });
}

export function writeFailed(path: string, cause: unknown): MillraceError {
  const why = messageOf(cause);
  return new MillraceError('HUB_WRITE_FAILED', `hub: writing ${path}: ${why}`, {
    kind: 'unavailable',
    remedy: 'Look at the disk and the kernel log; nothing of the failed write was acknowledged.',
    cause,
  });
}

export function groupFenced(group: string, detail: string): MillraceError {
  return new MillraceError('HUB_GROUP_FENCED', `hub: group ${group}: ${detail}`, { kind: 'fenced' });
}

export function groupActive(group: string, members: number): MillraceError {
  return new MillraceError('HUB_GROUP_ACTIVE', `hub: group ${group} has ${members} members`, {
    kind: 'conflict',
    remedy: 'Stop the connector or consumers of this group first.',
  });
}

export function transactionInvalid(detail: string): MillraceError {
  return new MillraceError('HUB_TRANSACTION_STATE', `hub: ${detail}`, { kind: 'conflict' });
}

/** There is no hub where one was named. */
export function hubMissing(path: string, cause?: unknown): MillraceError {
  return new MillraceError('HUB_MISSING', `hub: there is none at ${path}`, {
    kind: 'missing',
    key: 'millrace.hub.path',
    remedy: "Give the hub's directory with --hub: the millrace.hub.path of its worker. `millrace worker` makes one.",
    cause,
  });
}

/** A snapshot of the store stays older than what is known to be committed. */
export function storeBehind(path: string, expected: number): MillraceError {
  return new MillraceError('HUB_BEHIND', `hub: ${path} shows an older commit than ${expected}, which is synced`, {
    kind: 'unavailable',
    key: 'millrace.hub.path',
    remedy: 'Try again: its worker sets it right within a second. Where none runs, start it.',
  });
}

/** What the store holds is older than what it said it had committed. */
export function commitLost(path: string, expected: number, held: number): MillraceError {
  return new MillraceError(
    'HUB_COMMIT_LOST',
    `hub: ${path} holds commit ${held}, and commit ${expected} was the last`,
    {
      kind: 'corrupt',
      key: 'millrace.hub.path',
      remedy: 'Start the worker again: it goes on from what the store holds. Report it with the log.',
    },
  );
}
