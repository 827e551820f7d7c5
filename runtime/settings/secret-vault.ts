import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { isSealed } from '../connector/secrets.ts';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

const KEY = 'millrace.config.secret.file';

interface SecretKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Whether a value of a configuration is to be encrypted; made for each configuration, by its connector. */
export type SecretTest = (key: string, value: string) => boolean;

/**
 * Encrypts secrets of connector configurations before they are stored (I9):
 *
 *     millrace:sealed:1:<key id>:<base64 of nonce (12) | ciphertext | tag (16)>
 *
 * AES-256-GCM; the connector's name and the option's key are authenticated with it, so that a sealed value
 * copied to another place does not open there. The first key seals, all keys open; a key's id is the first
 * 8 hexadecimal digits of its SHA-256.
 */
export class SecretVault {
  readonly #env: Env;
  readonly #keys: ReadonlyMap<string, SecretKey>;
  readonly #first: SecretKey;
  readonly #secretTest: (config: RawConfig) => Promise<SecretTest>;

  private constructor(env: Env, keys: readonly [SecretKey, ...SecretKey[]], test: SecretVault['secretTest']) {
    this.#env = env;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    this.#first = keys[0];
    this.#secretTest = test;
  }

  get secretTest(): (config: RawConfig) => Promise<SecretTest> {
    return this.#secretTest;
  }

  /** Throws a `config` error where the file cannot be read or holds no keys. */
  static async read(env: Env, path: string, test: SecretVault['secretTest']): Promise<SecretVault> {
    let text: string;
    try {
      text = (await env.files.readFile(path)).toString('utf8');
    } catch (error) {
      throw refused(`reading ${path}: ${messageOf(error)}`);
    }
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const [first, ...others] = lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseKey);
    if (first === undefined) throw refused(`${path} holds no key`);
    return new SecretVault(env, [first, ...others], test);
  }

  /** The configuration with its secrets sealed, and what was sealed before; what is sealed already stays. */
  async seal(connector: string, config: RawConfig, before: RawConfig = {}): Promise<RawConfig> {
    const isSecret = await this.#secretTest(config);
    const sealed = Object.entries(config).map(([key, value]): [string, string] =>
      !isSealed(value) && (isSecret(key, value) || isSealed(before[key] ?? ''))
        ? [key, this.#sealed(connector, key, value)]
        : [key, value],
    );
    return Object.fromEntries(sealed);
  }

  /** The configuration as it was given; what no key here opens stays sealed, and cannot be used. */
  open(connector: string, config: RawConfig): RawConfig {
    const opened = Object.entries(config).map(([key, value]): [string, string] => [
      key,
      isSealed(value) ? (this.#opened(connector, key, value) ?? value) : value,
    ]);
    return Object.fromEntries(opened);
  }

  /** Whether a stored configuration holds no secret that the first key has not sealed. */
  async isCurrent(config: RawConfig): Promise<boolean> {
    const isSecret = await this.#secretTest(config);
    const own = `${PREFIX}${this.#first.id}:`;
    return Object.entries(config).every(([key, value]) =>
      isSealed(value) ? value.startsWith(own) || !this.#keys.has(keyId(value)) : !isSecret(key, value),
    );
  }

  #sealed(connector: string, key: string, value: string): string {
    const nonce = this.#env.random.bytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#first.bytes, nonce);
    cipher.setAAD(place(connector, key));
    const sealed = Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${this.#first.id}:${sealed.toString('base64')}`;
  }

  #opened(connector: string, key: string, value: string): string | null {
    const secret = this.#keys.get(keyId(value));
    const bytes = Buffer.from(value.slice(PREFIX.length + 9), 'base64');
    if (secret === undefined || bytes.length < 28) return null;
    const decipher = createDecipheriv('aes-256-gcm', secret.bytes, bytes.subarray(0, 12));
    decipher.setAAD(place(connector, key));
    decipher.setAuthTag(bytes.subarray(-16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
    } catch {
      return null;
    }
  }
}

const PREFIX = 'millrace:sealed:1:';

function keyId(value: string): string {
  return value.slice(PREFIX.length, PREFIX.length + 8);
}

function place(connector: string, key: string): Buffer {
  return Buffer.from(JSON.stringify([connector, key]));
}

function parseKey(line: string, index: number): SecretKey {
  const bytes = Buffer.from(line, /^[0-9a-f]{64}$/i.test(line) ? 'hex' : 'base64');
  if (bytes.length !== 32) throw refused(`key ${index + 1} has ${bytes.length} bytes, not 32`);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

function refused(problem: string): MillraceError {
  return new MillraceError('CONFIG_SECRET_FILE', `${KEY}: ${problem}`, {
    kind: 'config',
    key: KEY,
    remedy: 'Write a file with `millrace secret create --file <path>`, readable by the worker only.',
  });
}
