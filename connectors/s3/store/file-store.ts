import type { FileHandle } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { Env } from '../../../runtime/env/env.ts';
import { errnoOf } from '../../../runtime/env/errno.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { ArchiveMarker, type Claim } from './archive-marker.ts';
import { ChunkList } from './chunk-list.ts';
import { fileError, folderError } from './file-error.ts';
import { filesBelow } from './files-below.ts';
import {
  decodeFacts,
  encodeFacts,
  factsName,
  type Completion,
  type ObjectFacts,
  type ObjectStore,
  type ObjectUpload,
} from './object-store.ts';

export interface FileStoreOptions {
  readonly root: string;
  /** Relative to the root; holds files on their way and the facts of finished ones. */
  readonly hiddenFolder: string;
  readonly topicsDir: string;
  /** Name of the connector, as a file's name. */
  readonly connector: string;
  /** Of the connector and its task: names its unfinished files, so that a restart can remove them. */
  readonly owner: string;
  /** False: replace files that exist. */
  readonly conditional: boolean;
  readonly env: Env;
}

const WRITE_BYTES = 262_144;

/**
 * A folder as an object store.
 *
 * A file is written under a hidden name and synced; its facts are then fixed by a link that fails
 * where others stand already, and last the file is linked to its name, which fails with EEXIST
 * where S3 would say 412. Directories are synced before anything is called done, so that a power
 * cut takes nothing back.
 *
 *     <root>/<topics.dir>/<topic>/…               finished files, and nothing else
 *     <root>/.millrace/facts/<topics.dir>/…facts  what each finished file holds
 *     <root>/.millrace/open/…                     files being written
 *     <root>/.millrace/archives/<connector>/…     that this is the archive (ArchiveMarker)
 */
export class FileStore implements ObjectStore {
  readonly shown: string;
  readonly #options: FileStoreOptions;
  readonly #synced = new Set<string>();
  readonly #marker: ArchiveMarker;

  constructor(options: FileStoreOptions) {
    this.#options = options;
    this.shown = `file://${options.root}/`;
    this.#marker = new ArchiveMarker({
      ...options,
      files: options.env.files,
      makeFolder: (folder) => this.#makeFolder(folder),
    });
  }

  create(name: string): ObjectUpload {
    if (name.split('/').some((part) => part === '' || part === '.' || part === '..')) throw invalidName(name);
    return new FileUpload(this, name);
  }

  get env(): Env {
    return this.#options.env;
  }

  /** A folder is made where there is none; `claim` tells one that is gone. */
  async greet(): Promise<null> {
    return null;
  }

  /** Removes what an earlier run of this task left unfinished. */
  async sweep(): Promise<void> {
    const folder = this.#openFolder();
    try {
      for (const entry of await this.env.files.readdir(folder)) {
        if (entry.name.startsWith(`${this.#options.owner}.`)) await this.env.files.unlink(join(folder, entry.name));
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw fileError(`removing unfinished files in ${folder}`, error);
    }
  }

  async claim(claims: readonly Claim[]): Promise<void> {
    this.#synced.clear();
    try {
      await this.#marker.claim(claims);
    } catch (error) {
      throw fileError(`looking at ${this.shown}`, error);
    }
  }

  async openTemporary(): Promise<{ path: string; handle: FileHandle }> {
    await this.#marker.stands();
    const folder = this.#openFolder();
    await this.#makeFolder(folder);
    const path = join(folder, `${this.#options.owner}.${this.env.random.uuid()}`);
    return { path, handle: await this.env.files.open(path, 'wx') };
  }

  /** After a failure: a folder may have been removed by somebody else. */
  forgetFolders(): void {
    this.#synced.clear();
  }

  /** Gives a finished, synced temporary file its name. */
  async publish(temporary: string, name: string, facts: ObjectFacts): Promise<Completion> {
    await this.#marker.stands();
    const earlier = await this.#fixFacts(name, facts);
    if (earlier !== null) return earlier;
    this.env.crash?.('s3.after_facts');
    const path = join(this.#options.root, name);
    await this.#makeFolder(dirname(path));
    try {
      if (this.#options.conditional) await this.env.files.link(temporary, path);
      else await this.env.files.rename(temporary, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      await this.env.files.syncDirectory(dirname(path));
      return { kind: 'exists', facts };
    }
    await this.env.files.syncDirectory(dirname(path));
    this.env.crash?.('s3.after_object');
    return { kind: 'created' };
  }

  async names(prefix: string): Promise<readonly string[]> {
    const { root } = this.#options;
    // With another delimiter than / all files are in the root itself.
    const start = join(root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    const found = await filesBelow(start, this.env);
    return found.map((path) => relative(root, path)).filter((name) => name.startsWith(prefix));
  }

  async facts(name: string): Promise<ObjectFacts | null> {
    const path = join(this.#options.root, factsName(this.#options.hiddenFolder, name));
    try {
      return decodeFacts(await this.env.files.readFile(path));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw fileError(`reading ${path}`, error);
    }
  }

  async check(): Promise<readonly CheckResult[]> {
    const { root } = this.#options;
    const name = 'the folder of store.url exists or can be made';
    for (let folder = root; ; folder = dirname(folder)) {
      try {
        const stat = await this.env.files.stat(folder);
        if (stat.isDirectory()) return [{ name, ok: true }];
        const problem = `${folder} is not a folder`;
        return [
          {
            name,
            ok: false,
            code: 'S3_FOLDER_INVALID',
            problem,
            remedy: 'Point store.url at a folder.',
            key: 'store.url',
          },
        ];
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' && dirname(folder) !== folder) continue;
        const { code, message, remedy } = fileError(`looking at ${folder}`, error);
        return [
          { name, ok: false, code, problem: message, key: 'store.url', ...(remedy === undefined ? {} : { remedy }) },
        ];
      }
    }
  }

  async close(): Promise<void> {}

  /** Null: these facts are fixed. Otherwise others are, and theirs stand. */
  async #fixFacts(name: string, facts: ObjectFacts): Promise<Completion | null> {
    const { root, hiddenFolder, conditional } = this.#options;
    const path = join(root, factsName(hiddenFolder, name));
    if (conditional && (await this.#isOfUnknownMaking(join(root, name), path))) return { kind: 'exists', facts: null };
    await this.#makeFolder(dirname(path));
    const { path: temporary, handle } = await this.openTemporary();
    try {
      await handle.writeFile(encodeFacts(facts));
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      if (!conditional) {
        await this.env.files.rename(temporary, path);
        await this.env.files.syncDirectory(dirname(path));
        return null;
      }
      await this.env.files.link(temporary, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      const stored = decodeFacts(await this.env.files.readFile(path));
      if (stored === null || !Buffer.from(encodeFacts(stored)).equals(encodeFacts(facts))) {
        return { kind: 'exists', facts: stored };
      }
    } finally {
      if (conditional) await this.env.files.unlink(temporary);
    }
    await this.env.files.syncDirectory(dirname(path));
    return null;
  }

  /** A file without facts is not from here, or its facts were removed: facts made now would not be of it. */
  async #isOfUnknownMaking(file: string, facts: string): Promise<boolean> {
    if ((await this.#exists(facts)) || !(await this.#exists(file))) return false;
    // Another writer may have made both in between.
    return !(await this.#exists(facts));
  }

  async #exists(path: string): Promise<boolean> {
    try {
      await this.env.files.stat(path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  #openFolder(): string {
    return join(this.#options.root, this.#options.hiddenFolder, 'open');
  }

  /** Makes a folder and those above it, each name synced in its parent. */
  async #makeFolder(folder: string): Promise<void> {
    if (this.#synced.has(folder)) return;
    try {
      await this.env.files.mkdir(folder);
    } catch (error) {
      throw folderError(folder, error);
    }
    for (let at = folder; !this.#synced.has(at) && dirname(at) !== at; at = dirname(at)) {
      if (at.length < this.#options.root.length) break;
      await this.env.files.syncDirectory(dirname(at));
      this.#synced.add(at);
    }
  }
}

function invalidName(name: string): MillraceError {
  return new MillraceError('S3_NAME_INVALID', `${name} is no name for a file below the folder of store.url`, {
    kind: 'config',
    key: 'topics.dir',
    remedy: 'Leave topics named . or .. out, and give topics.dir and path.format plain folder names.',
  });
}

class FileUpload implements ObjectUpload {
  readonly #store: FileStore;
  readonly #name: string;
  readonly #chunks = new ChunkList();
  #temporary: { path: string; handle: FileHandle } | null = null;

  constructor(store: FileStore, name: string) {
    this.#store = store;
    this.#name = name;
  }

  get bufferedBytes(): number {
    return this.#chunks.bytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.add(chunk);
  }

  async drain(early: boolean): Promise<void> {
    if (this.#chunks.bytes >= WRITE_BYTES || (early && this.#chunks.bytes > 0)) await this.#guard(() => this.#write());
  }

  complete(facts: ObjectFacts): Promise<Completion> {
    return this.#guard(async () => {
      const { path, handle } = await this.#write();
      await handle.sync();
      await handle.close();
      const completion = await this.#store.publish(path, this.#name, facts);
      await this.#remove(path);
      return completion;
    });
  }

  async abort(): Promise<void> {
    this.#chunks.clear();
    const temporary = this.#temporary;
    if (temporary === null) return;
    this.#temporary = null;
    // A file that cannot be closed or removed is swept when the task starts again.
    await temporary.handle.close().catch(() => undefined);
    await this.#store.env.files.unlink(temporary.path).catch(() => undefined);
  }

  async #write(): Promise<{ path: string; handle: FileHandle }> {
    this.#temporary ??= await this.#store.openTemporary();
    await writeAll(this.#temporary.handle, this.#chunks.take());
    return this.#temporary;
  }

  async #remove(path: string): Promise<void> {
    this.#temporary = null;
    try {
      await this.#store.env.files.unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#store.forgetFolders();
      throw fileError(`writing ${this.#store.shown}${this.#name}`, error);
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
