import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { ConfigProviders, unresolve } from '../../../runtime/settings/providers.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-providers-'));
  await writeFile(join(folder, 'db.properties'), 'password=hush\nuser=me\n');
  await writeFile(join(folder, 'token'), 'abc');
});

afterAll(() => rm(folder, { recursive: true }));

const providers = (): ConfigProviders => new ConfigProviders(realEnv, { USER: 'me', EMPTY: '' });

describe('config providers', () => {
  it('resolve environment, properties files and directories, also inside a text', async () => {
    const resolved = await providers().resolve({
      a: '${env:USER}',
      b: `\${file:${folder}/db.properties:password}`,
      c: `\${dir:${folder}:token}`,
      d: 'jdbc://${env:USER}:x@h/${env:EMPTY}',
      e: 'plain $ {text}',
    });
    expect(resolved).toEqual({ a: 'me', b: 'hush', c: 'abc', d: 'jdbc://me:x@h/', e: 'plain $ {text}' });
  });

  it('leave variables of providers they do not know', async () => {
    const config = { a: '${vault:secret/db:password}', b: '${topic}-${timestamp}', c: '$${env:USER}' };
    expect(await providers().resolve(config)).toEqual({ ...config, c: '$me' });
  });

  it.each(['${env:ABSENT}', '${file:/nowhere/x.properties:key}', '${dir:/nowhere:key}', '${dir:/etc:../etc/passwd}'])(
    'refuse %s, naming the key and not the value',
    async (value) => {
      await expect(providers().resolve({ secret: value })).rejects.toMatchObject({
        code: 'CONFIG_VARIABLE_UNRESOLVED',
        key: 'secret',
      });
    },
  );

  it.each([
    [undefined, 'the worker'],
    ['`millrace verify`', '`millrace verify`'],
  ])('say who lacks a variable or a file: %s', async (given, named) => {
    const asked = new ConfigProviders(realEnv, {}, {}, given);
    await expect(asked.resolve({ secret: '${env:ABSENT}' })).rejects.toMatchObject({
      message: expect.stringContaining(`names nothing that ${named} can read`),
      remedy: `Start ${named} with ABSENT in its environment, or change secret.`,
    });
    await expect(asked.resolve({ secret: '${dir:/nowhere:key}' })).rejects.toMatchObject({
      remedy: `Make /nowhere/key a file that ${named} can read, or change secret.`,
    });
  });

  it('hand out only what the worker allows', async () => {
    const limited = new ConfigProviders(
      realEnv,
      { DB_PASSWORD: 'hush', HOME: '/root' },
      {
        'config.providers': 'env,secrets',
        'config.providers.env.param.allowlist.pattern': 'DB_.*',
        'config.providers.secrets.class': 'org.apache.kafka.common.config.provider.DirectoryConfigProvider',
        'config.providers.secrets.param.allowed.paths': folder,
      },
    );
    expect(await limited.resolve({ a: '${env:DB_PASSWORD}', b: `\${secrets:${folder}:token}` })).toEqual({
      a: 'hush',
      b: 'abc',
    });
    for (const value of ['${env:HOME}', '${secrets:/etc:hostname}', `\${secrets:${folder}/..:x}`]) {
      await expect(limited.resolve({ a: value })).rejects.toMatchObject({ code: 'CONFIG_VARIABLE_UNRESOLVED' });
    }
  });

  it('hand out nothing that a link in an allowed folder leads to', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await symlink('../db.properties', join(inner, 'db.properties'));
    await symlink('../token', join(inner, 'token'));
    await symlink('..', join(inner, 'up'));
    await mkdir(join(inner, '..data'));
    await writeFile(join(inner, '..data', 'mounted'), 'own');
    await symlink('..data/mounted', join(inner, 'mounted'));
    const worker = {
      'config.providers': 'file,dir',
      'config.providers.file.param.allowed.paths': inner,
      'config.providers.dir.param.allowed.paths': inner,
    };
    const limited = new ConfigProviders(realEnv, {}, worker);
    // As Kubernetes mounts secrets.
    expect(await limited.resolve({ a: `\${dir:${inner}:mounted}` })).toEqual({ a: 'own' });
    const values = [`file:${inner}/db.properties:user`, `dir:${inner}:token`, `dir:${inner}/up:token`];
    for (const value of values) {
      await expect(limited.resolve({ a: `\${${value}}` })).rejects.toMatchObject({
        code: 'CONFIG_VARIABLE_UNRESOLVED',
        key: 'a',
        message: expect.stringContaining('or leads out of them'),
      });
    }
  });

  it('that do not exist are refused by key', () => {
    const worker = { 'config.providers': 'vault', 'config.providers.vault.class': 'com.example.Vault' };
    expect(() => new ConfigProviders(realEnv, {}, worker)).toThrow(
      expect.objectContaining({ code: 'CONFIG_PROVIDER_UNKNOWN', key: 'config.providers.vault.class' }),
    );
  });

  it('put variables back into what was made of resolved values', () => {
    const raw = { password: '${env:P}', host: 'h' };
    const resolved = { password: 'hush', host: 'h' };
    expect(unresolve({ ...resolved, slice: '1' }, raw, resolved)).toEqual({ ...raw, slice: '1' });
  });

  it('keep a variable whose value was divided among tasks, and hide what was added', () => {
    const raw = { tables: '${env:T}', host: 'h' };
    const resolved = { tables: 'a,b', host: 'h' };
    const derived = { ...resolved, tables: 'a', first: 'a' };
    expect(unresolve(derived, raw, resolved, (text) => text.replace('a', '[hidden]'))).toEqual({
      ...raw,
      first: '[hidden]',
    });
  });

  it('say what the variables stand for, each by itself', async () => {
    const { config, values } = await providers().substitute({ a: '/x/${env:USER}/y', b: 'plain' });
    expect(config).toEqual({ a: '/x/me/y', b: 'plain' });
    expect(values).toEqual(['me']);
  });
});
