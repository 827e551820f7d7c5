import { MillraceError } from '../../../runtime/record/error.ts';

export interface Naming {
  readonly topicsDir: string;
  readonly directoryDelim: string;
  readonly fileDelim: string;
  readonly padWidth: number;
}

interface NamedFile {
  /** In the hub. */
  readonly topic: string;
  /** What transforms call it: the folder's name. */
  readonly destination: string;
  readonly partition: number;
  readonly encodedPartition: string;
  readonly firstOffset: bigint;
  /** With its dot. */
  readonly extension: string;
}

/**
 * An object's name: `<topics.dir>/<destination>/<encodedPartition>/<topic>+<partition>+<firstOffset><ext>`.
 * It depends on the first record alone, so a replay that starts a file at the same record finds it. The file
 * keeps the topic of the hub where transforms give it another name: several topics may go to one folder, and
 * an offset is one of a topic partition in the hub. Throws a `data` error where that name is no topic's: it may
 * come out of a record, and must not lead out of the archive.
 */
export function objectName(naming: Naming, file: NamedFile): string {
  const { topicsDir, directoryDelim, fileDelim, padWidth } = naming;
  if (file.destination !== file.topic && !isTopicName(file.destination)) throw noTopic(file);
  const offset = file.firstOffset.toString().padStart(padWidth, '0');
  const name = `${file.topic}${fileDelim}${file.partition}${fileDelim}${offset}${file.extension}`;
  const folders = topicsDir === '' ? [] : [topicsDir];
  return [...folders, file.destination, file.encodedPartition, name].join(directoryDelim);
}

/** As Kafka takes it. */
function isTopicName(name: string): boolean {
  return /^[a-zA-Z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..';
}

function noTopic({ topic, destination }: NamedFile): MillraceError {
  const shown = JSON.stringify(destination.slice(0, 100));
  return new MillraceError('S3_TOPIC_INVALID', `a transform gives a record of topic ${topic} the topic ${shown}`, {
    kind: 'data',
    key: 'transforms',
    remedy: 'Topics are named by letters, digits, dots, underscores and hyphens: mend the transform that names it.',
  });
}
