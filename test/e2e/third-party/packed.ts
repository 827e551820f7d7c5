import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * A folder with millrace installed from its own package, as `npm pack` makes it. Its dependencies
 * are those of this project, linked: the test needs no registry.
 */
export async function installMillrace(app: string): Promise<{ readonly bin: string }> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const source = join(app, 'source');
  await mkdir(source, { recursive: true });
  await run(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(source, 'dist'),
  ]);
  const files = ['package.json', ...(manifest.files ?? []).filter((name) => name !== 'dist')];
  await Promise.all(files.map((name) => cp(join(ROOT, name), join(source, name), { recursive: true })));
  await installPackage(app, source);
  const modules = join(app, 'node_modules');
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return { bin: join(modules, 'millrace', manifest.bin?.['millrace'] ?? '') };
}

/** Packs a folder and unpacks it where npm would install it. */
export async function installPackage(app: string, source: string): Promise<void> {
  const { name } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Manifest;
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], { cwd: source });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const target = join(app, 'node_modules', name);
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(app, filename), '-C', target, '--strip-components=1']);
}

/** The code blocks of a page, by language, in order. */
export async function codeBlocks(page: string, language: string): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, tag, code]) =>
    tag === language && code !== undefined ? [code] : [],
  );
}

/** A package of these files. */
export async function writePackage(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}
