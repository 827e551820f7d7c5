import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** The finished files below a folder, by relative name; what is hidden is left out. */
export async function finishedFiles(root: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(root, path);
    if (entry.isFile() && !name.split('/').includes('.millrace')) files.set(name, await readFile(path));
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All lines of all files, parsed. */
export function parsedLines(files: ReadonlyMap<string, Buffer>): unknown[] {
  const lines = [...files.values()].flatMap((bytes) => bytes.toString('utf8').split('\n').slice(0, -1));
  return lines.map((line) => JSON.parse(line) as unknown);
}
