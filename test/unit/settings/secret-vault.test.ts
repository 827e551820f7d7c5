import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { realEnv } from '../../../runtime/env/real.ts';
import { redact } from '../../../runtime/connector/secrets.ts';
import { SecretVault } from '../../../runtime/settings/secret-vault.ts';

let folder: string;
const first = randomBytes(32).toString('base64');
const second = randomBytes(32).toString('hex');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-vault-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function vault(...keys: readonly string[]): Promise<SecretVault> {
  const path = join(folder, 'keys');
  await writeFile(path, `# keys\n${keys.join('\n')}\n`);
  return SecretVault.read(realEnv, path, async () => (key, value) => redact([], { [key]: value })[key] !== value);
}

const config = {
  'database.password': 'pa$$ word ü',
  'http.url': 'https://me:hush@example.org/',
  'database.hostname': 'db',
  'other.password': '${env:PASSWORD}',
};

describe('the vault of secrets', () => {
  it('seals passwords and addresses with passwords, and leaves variables and the rest', async () => {
    const keys = await vault(first);
    const sealed = await keys.seal('c', config);
    expect(sealed).toMatchObject({ 'database.hostname': 'db', 'other.password': '${env:PASSWORD}' });
    expect(JSON.stringify(sealed)).not.toMatch(/pa\$\$|hush/);
    expect(keys.open('c', sealed)).toEqual(config);
    expect(await keys.seal('c', sealed)).toEqual(sealed);
  });

  it('gives any value back', async () => {
    const keys = await vault(first);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (value) => {
        const text = Buffer.from(value).toString('utf8');
        const sealed = await keys.seal('c', { password: text });
        expect(keys.open('c', sealed)).toEqual({ password: text });
      }),
      { numRuns: 50 },
    );
  });

  it('seals with the first key and opens with any, so that keys can be changed', async () => {
    const old = await (await vault(first)).seal('c', config);
    const both = await vault(second, first);
    expect(both.open('c', old)).toEqual(config);
    expect(await both.isCurrent(old)).toBe(false);
    const again = await both.seal('c', both.open('c', old));
    expect(await both.isCurrent(again)).toBe(true);
    expect((await vault(second)).open('c', again)).toEqual(config);
    expect(await both.isCurrent(config)).toBe(false);
  });

  it('seals again what was sealed, though nothing says now that it is secret', async () => {
    const keys = await vault(first);
    const before = await keys.seal('c', { password: 'hush' });
    expect(await keys.seal('c', { pin: '1234', other: 'x' }, { pin: before['password'] ?? '' })).toEqual({
      pin: expect.stringMatching(/^millrace:sealed:1:/) as string,
      other: 'x',
    });
  });

  it('leaves sealed what it has no key for, what was changed, and what was copied elsewhere', async () => {
    const keys = await vault(first);
    const sealed = await keys.seal('c', { password: 'hush' });
    const text = sealed['password'] ?? '';
    expect((await vault(second)).open('c', sealed)).toEqual(sealed);
    expect(keys.open('other', sealed)).toEqual(sealed);
    expect(keys.open('c', { 'topic.prefix': text })).toEqual({ 'topic.prefix': text });
    const changed = { password: `${text.slice(0, -6)}AAAAA=` };
    expect(keys.open('c', changed)).toEqual(changed);
  });

  it('never seals the same twice to the same text', async () => {
    const keys = await vault(first);
    expect(await keys.seal('c', { password: 'hush' })).not.toEqual(await keys.seal('c', { password: 'hush' }));
  });

  it.each([
    ['c2hvcnQ=', 'key 1 has 5 bytes, not 32'],
    ['', 'holds no key'],
  ])('refuses a file with %j, naming the option and no key', async (line, problem) => {
    await expect(vault(line)).rejects.toMatchObject({
      code: 'CONFIG_SECRET_FILE',
      key: 'millrace.config.secret.file',
      message: expect.stringContaining(problem) as string,
    });
  });
});
