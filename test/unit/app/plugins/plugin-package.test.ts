import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { findPlugin, isPluginName } from '../../../../runtime/app/plugins/plugin-package.ts';
import { installedBeside } from '../../../../runtime/app/plugins/plugin-places.ts';
import { realEnv } from '../../../../runtime/env/real.ts';

let root: string;
const { files } = realEnv;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-plugins-'));
  return () => rm(root, { recursive: true });
});

async function install(folder: string, manifest: object | string): Promise<void> {
  await mkdir(join(root, folder), { recursive: true });
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  await writeFile(join(root, folder, 'package.json'), text);
}

const find = (name: string, paths = false) => findPlugin(files, name, { folders: [join(root, 'none'), root], paths });
const entry = async (name: string, paths = false): Promise<string | undefined> => (await find(name, paths))?.entry.href;
const at = (path: string): string => pathToFileURL(join(root, path)).href;
const declared = { millrace: { contract: 1 }, version: '2.1.0' };

describe('a third-party connector is found', () => {
  test('in the node_modules of a folder of plugin.path, or in the folder itself', async () => {
    await install('node_modules/a', { ...declared, exports: './lib/a.js' });
    await install('@team/b', declared);
    expect(await entry('a')).toBe(at('node_modules/a/lib/a.js'));
    expect(await find('@team/b')).toMatchObject({ version: '2.1.0', folder: join(root, '@team/b') });
    expect(await entry('@team/b')).toBe(at('@team/b/index.js'));
  });

  test.each<[unknown, string | undefined]>([
    [{ exports: { '.': { types: './x.d.ts', import: './x.mjs', default: './x.cjs' } } }, 'x.mjs'],
    [{ exports: { node: { import: ['./n.mjs'] }, default: './d.js' } }, 'n.mjs'],
    [{ main: 'main.js' }, 'main.js'],
  ])('by the module of %j', async (manifest, module) => {
    await install('p', { ...declared, ...(manifest as object) });
    expect(await entry('p')).toBe(at(`p/${module}`));
  });

  test('by a module beside its main one', async () => {
    await install('p', { ...declared, exports: { '.': './source.js', './sink': './sink.js' } });
    expect(await entry('p/sink')).toBe(at('p/sink.js'));
    await expect(find('p/other')).rejects.toMatchObject({ code: 'PLUGIN_WITHOUT_MODULE', key: 'connector.class' });
  });

  test('by its path, where the worker allows paths', async () => {
    await install('p', declared);
    await expect(find(join(root, 'p'))).rejects.toMatchObject({ code: 'PLUGIN_PATH_REFUSED' });
    expect(await entry(join(root, 'p'), true)).toBe(at('p/index.js'));
    expect(await entry(at('p'), true)).toBe(at('p/index.js'));
    expect(await find(join(root, 'q'), true)).toBeNull();
  });
});

describe('what is no connector is refused', () => {
  test('by name, before any of its code runs', async () => {
    await install('plain', { name: 'plain' });
    await expect(find('plain')).rejects.toMatchObject({ code: 'PLUGIN_UNDECLARED', kind: 'config' });
    await install('newer', { millrace: { contract: 2 } });
    await expect(find('newer')).rejects.toMatchObject({
      code: 'PLUGIN_CONTRACT',
      remedy: expect.stringMatching(/^Upgrade millrace/) as string,
    });
    await install('broken', '{');
    await expect(find('broken')).rejects.toMatchObject({ code: 'PLUGIN_UNREADABLE' });
    expect(await find('not-there')).toBeNull();
  });

  test.each([
    '../up',
    '.hidden',
    'a/../b',
    'a/..',
    'fs',
    'node:fs',
    'org.apache.kafka.Thing$Inner',
    'UPPER',
    '',
    'a b',
    'a\\b',
  ])('%j is no name of a package', (name) => expect(isPluginName(name)).toBe(false));
});

test('millrace that is installed looks beside itself', () => {
  expect(installedBeside('/app/node_modules/millrace/dist/runtime/app/plugins/plugin-places.js')).toBe('/app');
  expect(installedBeside('/src/runtime/app/plugins/plugin-places.ts')).toBeNull();
});
