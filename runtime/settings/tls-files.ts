import type { SecureVersion } from 'node:tls';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';

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

const PREFIX = 'listeners.https.';

/** Connect's rule: with the prefix where there is any such key, else the worker's own `ssl.*`. */
function tlsKey(raw: RawConfig, name: string): string {
  const prefixed = Object.keys(raw).some((key) => key.startsWith(`${PREFIX}ssl.`));
  return prefixed ? `${PREFIX}ssl.${name}` : `ssl.${name}`;
}

/** The files that `readTls` reads. */
export function tlsFiles(raw: RawConfig): readonly string[] {
  return ['keystore.location', 'truststore.location'].flatMap((name) => raw[tlsKey(raw, name)] ?? []);
}

/**
 * Key, certificates and rules of REST over TLS, by Connect's keys. PEM as Kafka knows it (KIP-651: key and chain
 * in one file, or as texts) and PKCS12; a JKS is refused with the command that turns it into PKCS12.
 */
export async function readTls(env: Env, raw: RawConfig): Promise<TlsMaterial> {
  const value = (name: string): string | undefined => raw[tlsKey(raw, name)];
  const clientAuth = value('client.auth')?.trim().toLowerCase() ?? 'none';
  if (!['none', 'requested', 'required'].includes(clientAuth)) {
    throw wrong(tlsKey(raw, 'client.auth'), `${clientAuth} is none of none, requested, required`);
  }
  const ca = await readTrust(env, raw, value);
  const ciphers = value('cipher.suites')?.split(',').join(':');
  return {
    ...(await readKeys(env, raw, value)),
    ...(ca === undefined ? {} : { ca }),
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'required',
    ...versions(raw, value),
    ...(ciphers === undefined || ciphers === '' ? {} : { ciphers }),
  };
}

type Value = (name: string) => string | undefined;
type Keys = Pick<TlsMaterial, 'key' | 'cert' | 'pfx' | 'passphrase'>;

async function readKeys(env: Env, raw: RawConfig, value: Value): Promise<Keys> {
  const key = value('keystore.key');
  const cert = value('keystore.certificate.chain');
  const keyPassword = value('key.password');
  const passphrase = keyPassword === undefined ? {} : { passphrase: keyPassword };
  if (key !== undefined && cert !== undefined) return { key, cert, ...passphrase };
  const location = value('keystore.location');
  if (location === undefined) {
    throw wrong(tlsKey(raw, 'keystore.location'), 'a listener with https needs a key and a certificate');
  }
  const bytes = await readFile(env, tlsKey(raw, 'keystore.location'), location);
  if (storeType(raw, 'keystore', bytes, value) === 'PEM') {
    const text = bytes.toString('utf8');
    if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || !text.includes('-----BEGIN CERTIFICATE-----')) {
      throw wrong(tlsKey(raw, 'keystore.location'), `${location} must hold a private key and its certificates`);
    }
    return { key: text, cert: text, ...passphrase };
  }
  const storePassword = value('keystore.password');
  return { pfx: bytes, ...(storePassword === undefined ? {} : { passphrase: storePassword }) };
}

async function readTrust(env: Env, raw: RawConfig, value: Value): Promise<string | undefined> {
  const certificates = value('truststore.certificates');
  const location = value('truststore.location');
  if (certificates !== undefined || location === undefined) return certificates;
  const key = tlsKey(raw, 'truststore.location');
  const bytes = await readFile(env, key, location);
  if (storeType(raw, 'truststore', bytes, value) === 'PEM') return bytes.toString('utf8');
  throw wrong(key, `${location} is PKCS12; certificates to trust are read from PEM`);
}

/** The bytes say what a file is; what the option says must not contradict them. */
function storeType(raw: RawConfig, store: string, bytes: Buffer, value: Value): 'PEM' | 'PKCS12' {
  const type = value(`${store}.type`)?.trim().toUpperCase();
  const isJks = bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed;
  if (isJks) {
    const key = tlsKey(raw, `${store}.location`);
    throw wrong(
      key,
      'a JKS is a format of Java’s own',
      'Turn it into PKCS12: keytool -importkeystore -srckeystore <file>.jks -destkeystore <file>.p12 -deststoretype PKCS12',
    );
  }
  const found = bytes.includes('-----BEGIN ') ? 'PEM' : 'PKCS12';
  if (type !== undefined && type !== found && (type !== 'JKS' || found === 'PEM')) {
    throw wrong(tlsKey(raw, `${store}.type`), `says ${type}, but the file looks like ${found}`);
  }
  return found;
}

function versions(raw: RawConfig, value: Value): Pick<TlsMaterial, 'minVersion' | 'maxVersion'> {
  const names = (value('enabled.protocols') ?? 'TLSv1.2,TLSv1.3').split(',').map((name) => name.trim());
  const wrongName = names.find((name) => name !== 'TLSv1.2' && name !== 'TLSv1.3');
  if (wrongName !== undefined)
    throw wrong(tlsKey(raw, 'enabled.protocols'), `${wrongName} is none of TLSv1.2, TLSv1.3`);
  return {
    minVersion: names.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: names.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  };
}

async function readFile(env: Env, key: string, path: string): Promise<Buffer> {
  try {
    return await env.files.readFile(path);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
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
