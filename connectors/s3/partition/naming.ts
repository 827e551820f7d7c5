export interface Naming {
  readonly topicsDir: string;
  readonly directoryDelim: string;
  readonly fileDelim: string;
  readonly padWidth: number;
}

interface NamedFile {
  readonly topic: string;
  readonly partition: number;
  readonly encodedPartition: string;
  readonly firstOffset: bigint;
  /** With its dot. */
  readonly extension: string;
}

/**
 * An object's name: `<topics.dir>/<topic>/<encodedPartition>/<topic>+<partition>+<firstOffset><ext>`.
 * It depends on the first record alone, so a replay that starts a file at the same record finds it.
 */
export function objectName(naming: Naming, file: NamedFile): string {
  const { topicsDir, directoryDelim, fileDelim, padWidth } = naming;
  const offset = file.firstOffset.toString().padStart(padWidth, '0');
  const name = `${file.topic}${fileDelim}${file.partition}${fileDelim}${offset}${file.extension}`;
  const folders = topicsDir === '' ? [] : [topicsDir];
  return [...folders, file.topic, file.encodedPartition, name].join(directoryDelim);
}
