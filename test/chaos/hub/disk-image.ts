import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why loop mounts are impossible here, or null. With CI set that is an error. */
export async function noLoopMounts(directory: string): Promise<string | null> {
  try {
    const disk = await DiskImage.make(directory, 16);
    await disk.remove();
    return null;
  } catch (error) {
    const why = `no loop mounts here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
    if (process.env['CI']) throw new Error(why, { cause: error });
    return why;
  }
}

/**
 * An ext4 file system in a file, mounted so that nothing reaches it but by sync (`commit=300`, and
 * the kernel's own write-back comes later than a test lasts). A copy of the file is what a power cut
 * at that instant leaves.
 */
export class DiskImage {
  readonly file: string;
  readonly mount: string;

  private constructor(file: string, mount: string) {
    this.file = file;
    this.mount = mount;
  }

  static async make(directory: string, megabytes: number): Promise<DiskImage> {
    await mkdir(directory, { recursive: true });
    const disk = new DiskImage(`${directory}/disk.img`, `${directory}/disk`);
    const file = await open(disk.file, 'w');
    await file.truncate(megabytes * 1024 * 1024);
    await file.close();
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', disk.file]);
    await disk.#mount();
    return disk;
  }

  async #mount(): Promise<void> {
    await mkdir(this.mount, { recursive: true });
    await run('mount', ['-o', 'loop,commit=300', this.file, this.mount]);
  }

  /** The power fails: the disk as it is, mounted elsewhere. */
  async cut(directory: string): Promise<DiskImage> {
    await mkdir(directory, { recursive: true });
    const after = new DiskImage(`${directory}/cut.img`, `${directory}/cut`);
    await run('cp', ['--sparse=always', this.file, after.file]);
    await after.#mount();
    return after;
  }

  async remove(): Promise<void> {
    await run('umount', [this.mount]).catch(() => run('umount', ['-l', this.mount]));
    await rm(this.file, { force: true });
    await rm(this.mount, { recursive: true, force: true });
  }
}
