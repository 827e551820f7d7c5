import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { S3Options } from '../options.ts';

type NamingOptions = Pick<S3Options, 'topics.dir' | 'directory.delim' | 'file.delim'>;

/**
 * What the names of a topic's objects begin with: its folder, or where transforms may call it by another name the
 * whole archive.
 */
export function archivePrefix(options: NamingOptions, config: RawConfig, topic: string): string {
  const { 'topics.dir': topicsDir, 'directory.delim': delim } = options;
  const renames = (config['transforms'] ?? '').trim() !== '';
  return [...(topicsDir === '' ? [] : [topicsDir]), ...(renames ? [] : [topic]), ''].join(delim);
}

/** Whether an object is named after a topic of the hub, whatever folder it is in: `…/<topic>+<partition>+<offset>…`. */
export function namedAfter(options: NamingOptions, topic: string): (name: string) => boolean {
  return (name) => partitionAndOffset(options, name, topic) !== null;
}

/** Partition and first offset in the name of a topic's object; null: it is not one. */
export function partitionAndOffset(
  { 'directory.delim': delim, 'file.delim': fileDelim }: NamingOptions,
  name: string,
  topic: string,
): { readonly partition: number; readonly offset: bigint } | null {
  if (name.split(delim).includes('.millrace')) return null;
  // With a delimiter of its own a topic's name may hold it, so the name is looked for, not cut.
  const begin = `${topic}${fileDelim}`;
  const at = name.lastIndexOf(delim + begin);
  const start = at >= 0 ? at + delim.length : name.startsWith(begin) ? 0 : -1;
  if (start < 0) return null;
  const [, partition, rest = ''] = /^(\d{1,9})(.*)$/s.exec(name.slice(start + begin.length)) ?? [];
  const [, digits, more = ''] =
    /^(\d+)(.*)$/s.exec(rest.startsWith(fileDelim) ? rest.slice(fileDelim.length) : '') ?? [];
  if (partition === undefined || digits === undefined) return null;
  // Of a topic whose name begins like this one.
  if (more.startsWith(fileDelim) && /^\d/.test(more.slice(fileDelim.length))) return null;
  return { partition: Number(partition), offset: BigInt(digits) };
}
