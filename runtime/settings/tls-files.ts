import type { SecureVersion } from 'node:tls';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/** What a TLS server needs, in the words of node:tls. Never logged (I9). */
export interface TlsMaterial {
  readonly key?: string;
  readonly cert?: string;
  readonly pfx?: Buffer;
  readonly passphrase?: string;
  readonly ca?: string;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
  readonly ciphers?: string;
}

/** Whose keys count: those of `listeners`, or those of `admin.listeners`. */
export type TlsPrefix = 'listeners.https.' | 'admin.listeners.https.';

/** Connect's rule: with the prefix where there is any such key, else the worker's own `ssl.*`. */
export function tlsKeyPrefix(raw: RawConfig, prefix: TlsPrefix): string {
  const prefixed = Object.keys(raw).some((key) => key.startsWith(`${prefix}ssl.`));
  return prefixed ? `${prefix}ssl.` : 'ssl.';
}

/** The files that `readTls` reads. */
export function tlsFiles(raw: RawConfig, prefix: TlsPrefix): readonly string[] {
  const own = tlsKeyPrefix(raw, prefix);
  return ['keystore.location', 'truststore.location'].flatMap((name) => raw[own + name] ?? []);
}

/** Options by their name without the prefix. */
class TlsOptions {
  readonly #raw: RawConfig;
  readonly #prefix: string;

  constructor(raw: RawConfig, prefix: TlsPrefix) {
    this.#raw = raw;
    this.#prefix = tlsKeyPrefix(raw, prefix);
  }

  key(name: string): string {
    return this.#prefix + name;
  }

  value(name: string): string | undefined {
    return this.#raw[this.key(name)];
  }
}

/**
 * Key, certificates and rules of REST over TLS, by Connect's keys. PEM as Kafka knows it (KIP-651: key and chain
 * in one file, or as texts) and PKCS12; a JKS is refused with the command that turns it into PKCS12.
 */
export async function readTls(env: Env, raw: RawConfig, prefix: TlsPrefix): Promise<TlsMaterial> {
  const options = new TlsOptions(raw, prefix);
  const clientAuth = options.value('client.auth')?.trim().toLowerCase() ?? 'none';
  if (!['none', 'requested', 'required'].includes(clientAuth)) {
    throw wrong(options.key('client.auth'), `${clientAuth} is none of none, requested, required`);
  }
  const ca = await readTrust(env, options);
  const ciphers = options.value('cipher.suites')?.split(',').join(':');
  return {
    ...(await readKeys(env, options)),
    ...(ca === undefined ? {} : { ca }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
    ...versions(options),
    ...(ciphers === undefined || ciphers === '' ? {} : { ciphers }),
  };
}

type Keys = Pick<TlsMaterial, 'key' | 'cert' | 'pfx' | 'passphrase'>;

async function readKeys(env: Env, options: TlsOptions): Promise<Keys> {
  const key = options.value('keystore.key');
  const cert = options.value('keystore.certificate.chain');
  const keyPassword = options.value('key.password');
  const passphrase = keyPassword === undefined ? {} : { passphrase: keyPassword };
  if (key !== undefined && cert !== undefined) return { key, cert, ...passphrase };
  const location = options.value('keystore.location');
  if (location === undefined) {
    throw wrong(options.key('keystore.location'), 'a listener with https needs a key and a certificate');
  }
  const bytes = await readFile(env, options.key('keystore.location'), location);
  if (storeType(options, 'keystore', bytes) === 'PEM') {
    const text = bytes.toString('utf8');
    if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || !text.includes('-----BEGIN CERTIFICATE-----')) {
      throw wrong(options.key('keystore.location'), `${location} must hold a private key and its certificates`);
    }
    return { key: text, cert: text, ...passphrase };
  }
  const storePassword = options.value('keystore.password');
  return { pfx: bytes, ...(storePassword === undefined ? {} : { passphrase: storePassword }) };
}

async function readTrust(env: Env, options: TlsOptions): Promise<string | undefined> {
  const certificates = options.value('truststore.certificates');
  const location = options.value('truststore.location');
  if (certificates !== undefined || location === undefined) return certificates;
  const key = options.key('truststore.location');
  const bytes = await readFile(env, key, location);
  if (storeType(options, 'truststore', bytes) === 'PEM') return bytes.toString('utf8');
  throw wrong(key, `${location} is PKCS12; certificates to trust are read from PEM`);
}

/** The bytes say what a file is; what the option says must not contradict them. */
function storeType(options: TlsOptions, store: string, bytes: Buffer): 'PEM' | 'PKCS12' {
  const type = options.value(`${store}.type`)?.trim().toUpperCase();
  const isJks = bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed;
  if (isJks) {
    const key = options.key(`${store}.location`);
    throw wrong(
      key,
      'a JKS is a format of Java’s own',
      'Turn it into PKCS12: keytool -importkeystore -srckeystore <file>.jks -destkeystore <file>.p12 -deststoretype PKCS12',
    );
  }
  const found = bytes.includes('-----BEGIN ') ? 'PEM' : 'PKCS12';
  if (type !== undefined && type !== found && (type !== 'JKS' || found === 'PEM')) {
    throw wrong(options.key(`${store}.type`), `says ${type}, but the file looks like ${found}`);
  }
  return found;
}

function versions(options: TlsOptions): Pick<TlsMaterial, 'minVersion' | 'maxVersion'> {
  const names = (options.value('enabled.protocols') ?? 'TLSv1.2,TLSv1.3').split(',').map((name) => name.trim());
  const wrongName = names.find((name) => name !== 'TLSv1.2' && name !== 'TLSv1.3');
  if (wrongName !== undefined)
    throw wrong(options.key('enabled.protocols'), `${wrongName} is none of TLSv1.2, TLSv1.3`);
  return {
    minVersion: names.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: names.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  };
}

async function readFile(env: Env, key: string, path: string): Promise<Buffer> {
  try {
    return await env.files.readFile(path);
  } catch (error) {
    const problem = messageOf(error);
    throw wrong(key, `reading ${path}: ${problem}`, `Make ${path} a file this worker can read.`);
  }
}

function wrong(key: string, problem: string, remedy?: string): MillraceError {
  return new MillraceError('SETTINGS_TLS_INVALID', `${key}: ${problem}`, {
    kind: 'config',
    key,
    remedy:
      remedy ??
      'Give PEM files: listeners.https.ssl.keystore.type=PEM, and listeners.https.ssl.keystore.location=<file with private key and certificates>.',
  });
}
