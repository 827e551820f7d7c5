import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a file for each connector, as `millrace worker` takes them; their paths. */
export function connectorFiles(
  folder: string,
  connectors: Readonly<Record<string, Readonly<Record<string, string>>>>,
): string[] {
  return Object.entries(connectors).map(([name, config]) => {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ name, config }));
    return file;
  });
}
