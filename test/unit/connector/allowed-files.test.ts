import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileStreamSink, fileStreamSource } from '../../../connectors/filestream/connector.ts';
import { s3Sink } from '../../../connectors/s3/connector.ts';
import { foreignFiles, refuseForeignFiles } from '../../../runtime/connector/allowed-files.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { workerSettings } from '../../../runtime/settings/worker-settings.ts';

let root: string;
let allowed: string;
let worker: Record<string, string>;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'millrace-allowed-')));
  allowed = join(root, 'allowed');
  worker = { 'millrace.files.allowed.roots': `/nowhere, ${allowed}` };
  await mkdir(join(allowed, 'below'), { recursive: true });
  await mkdir(join(root, 'allowed-not'));
  await mkdir(join(root, 'secret'));
  await writeFile(join(root, 'secret', 'file'), 'secret\n');
  await symlink(join(root, 'secret'), join(allowed, 'out'));
  await symlink('../secret/file', join(allowed, 'link'));
  await symlink(join(root, 'secret', 'to-come'), join(allowed, 'dangling'));
  await symlink('to-come-too', join(allowed, 'out', 'chain'));
  await symlink('below', join(allowed, 'inner'));
  await symlink('loop', join(allowed, 'loop'));
  return () => rm(root, { recursive: true });
});

const keysOf = async (connector: typeof fileStreamSink | typeof fileStreamSource, config: Record<string, string>) =>
  (await foreignFiles(connector, config, worker, realEnv)).map(({ key }) => key);

describe('a worker that allows some folders only', () => {
  test.each(['file', 'below/file', 'none/yet/file', 'inner/file', 'below/../file', './file', 'link/../file'])(
    'lets connectors have %s of them',
    async (name) => {
      // Behind `link` the way leads out; where the system says that it is no folder, so does the check.
      const expected = name.startsWith('link') ? ['file'] : [];
      expect(await keysOf(fileStreamSource, { file: `${allowed}/${name}` })).toEqual(expected);
      expect(await keysOf(fileStreamSink, { file: `${allowed}/${name}` })).toEqual(expected);
    },
  );

  test.each([
    'link',
    'link/../file',
    'out/file',
    'out/none',
    'out/../secret/file',
    'dangling',
    'out/chain',
    'loop',
    '../secret/file',
    '../allowed-not/file',
    '../none',
  ])('refuses %s, by its key', async (name) => {
    const errors = await foreignFiles(fileStreamSink, { file: `${allowed}/${name}` }, worker, realEnv);
    expect(errors).toMatchObject([
      { key: 'file', message: expect.stringContaining(`below /nowhere, ${allowed} only`) },
    ]);
  });

  test('refuses an archive in a folder elsewhere, and has no say on buckets', async () => {
    const config = { topics: 't', 'flush.size': '1' };
    const at = (url: string, bucket = '') => ({ ...config, 'store.url': url, 's3.bucket.name': bucket });
    const of = async (raw: Record<string, string>) =>
      (await foreignFiles(s3Sink, raw, worker, realEnv)).map(({ key }) => key);
    expect(await of(at(`file://${allowed}/archive`))).toEqual([]);
    expect(await of(at(`file://${root}/archive`))).toEqual(['store.url']);
    expect(await of(at(`file://${allowed}`, '../secret'))).toEqual(['store.url']);
    expect(await of(at(`file://${allowed}/out`))).toEqual(['store.url']);
    expect(await of({ ...at(`file://${allowed}`), 'topics.dir': 'out' })).toEqual(['store.url']);
    expect(await of({ ...at(`file://${allowed}`), 'topics.dir': 'inner' })).toEqual([]);
    expect(await of(at('https://s3.example', 'bucket'))).toEqual([]);
    expect(await of(at('file://host/share'))).toEqual([]);
    expect(await of({ ...config, 's3.bucket.name': 'bucket' })).toEqual([]);
  });

  test('takes a path from where the worker runs, and a folder that is a link itself', async () => {
    const file = relative('.', join(allowed, 'file'));
    expect(await keysOf(fileStreamSink, { file })).toEqual([]);
    worker = { 'millrace.files.allowed.roots': join(allowed, 'out') };
    expect(await keysOf(fileStreamSink, { file: join(root, 'secret', 'file') })).toEqual([]);
  });

  test('says nothing of a configuration that names no file', async () => {
    expect(await keysOf(fileStreamSink, {})).toEqual([]);
  });

  test('does not open a task whose file is elsewhere', async () => {
    const config = { file: join(allowed, 'link') };
    await expect(refuseForeignFiles(fileStreamSource, config, worker, realEnv)).rejects.toMatchObject({
      code: 'CONNECTOR_FILE_NOT_ALLOWED',
      kind: 'permission',
      key: 'file',
    });
  });
});

test('folders that are not named whole are refused', () => {
  expect(() => workerSettings({ 'millrace.files.allowed.roots': '/here, there' })).toThrow(
    'Invalid value there for configuration millrace.files.allowed.roots: must be an absolute path',
  );
});

test('without allowed folders every file is allowed, as in Kafka Connect', async () => {
  for (const none of [{}, { 'millrace.files.allowed.roots': '' }])
    expect(await foreignFiles(fileStreamSink, { file: '/etc/passwd' }, none, realEnv)).toEqual([]);
});
