import { join } from 'node:path';
import type { Env } from '../../../runtime/env/env.ts';
import { errnoOf } from '../../../runtime/env/errno.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { fileError } from './file-error.ts';

/** A partition that a task is about to write. */
export interface Claim {
  /** `topic-partition` */
  readonly name: string;
  /** The committed offset; undefined: none is, nothing of it was archived. */
  readonly committed?: bigint;
}

interface MarkerOptions {
  /** The folder of `store.url`. */
  readonly root: string;
  /** Relative to the root. */
  readonly hiddenFolder: string;
  readonly topicsDir: string;
  /** Name of the connector, as a file's name. */
  readonly connector: string;
  readonly files: Env['files'];
  /** Makes a folder and those above it, durably. */
  makeFolder(folder: string): Promise<void>;
}

/**
 * Tells an archive from a folder that was made anew in its place: what is committed is in the
 * archive, so without it the older records are nowhere.
 *
 *     <root>/<topics.dir>                                    stands from the first start on
 *     <root>/.millrace/archives/<connector>/<topic-partition>  empty; made before its first file
 *
 * No name has a dot in it that a reader's pattern could match (as those of the facts). An empty
 * `archives/<connector>` is an operator's word that the partitions go on without older files.
 */
export class ArchiveMarker {
  readonly #options: MarkerOptions;
  #claimed = false;

  constructor(options: MarkerOptions) {
    this.#options = options;
  }

  /** Before a task writes partitions. Throws a `position` error where their archive is gone. */
  async claim(claims: readonly Claim[]): Promise<void> {
    if (claims.length === 0) return;
    await this.stands();
    const { connector, makeFolder } = this.#options;
    const marked = await this.#marked();
    const archive = await this.#exists(this.#topics());
    const unknown = claims.filter(({ name }) => !marked?.has(fileName(name)));
    const lost = claims.filter(({ committed }) => committed !== undefined && !archive);
    if (marked === undefined || marked.size > 0) lost.push(...unknown.filter((of) => of.committed !== undefined));
    const [first] = lost;
    if (first !== undefined) {
      throw this.#missing(`${first.name} is committed up to offset ${first.committed}, but`, connector);
    }
    await makeFolder(this.#topics());
    await makeFolder(this.#folder());
    for (const { name } of unknown)
      await (await this.#options.files.open(join(this.#folder(), fileName(name)), 'a')).close();
    if (unknown.length > 0) await this.#options.files.syncDirectory(this.#folder());
    this.#claimed = true;
  }

  /** Before a file is made: the archive is still there. */
  async stands(): Promise<void> {
    if (!this.#claimed) return;
    if ((await this.#exists(this.#folder())) && (await this.#exists(this.#topics()))) return;
    throw this.#missing('while the task wrote to it,', this.#options.connector);
  }

  #topics(): string {
    return join(this.#options.root, this.#options.topicsDir);
  }

  #folder(): string {
    return join(this.#options.root, this.#options.hiddenFolder, 'archives', this.#options.connector);
  }

  /** Names of the markers; undefined: there is no folder for them. */
  async #marked(): Promise<ReadonlySet<string> | undefined> {
    try {
      return new Set((await this.#options.files.readdir(this.#folder())).map((entry) => entry.name));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw fileError(`looking at ${this.#folder()}`, error);
    }
  }

  async #exists(path: string): Promise<boolean> {
    try {
      await this.#options.files.stat(path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw fileError(`looking at ${path}`, error);
    }
  }

  #missing(why: string, connector: string): MillraceError {
    const folder = this.#folder();
    return new MillraceError(
      'S3_FOLDER_MISSING',
      `${why} the archive below ${this.#options.root} was removed, or is another one: ${this.#topics()} or what marks it in ${folder} is not there`,
      {
        kind: 'position',
        key: 'store.url',
        remedy:
          `Restore the folder (is the disk mounted?). Or archive the topics again: stop the connector and reset its offsets ` +
          `(millrace connectors offsets ${connector} --reset). Or go on without the older files: make ${this.#topics()} and, empty, ${folder}.`,
      },
    );
  }
}

/** Topic names have dots. */
function fileName(partition: string): string {
  return partition.replaceAll('.', ',');
}
