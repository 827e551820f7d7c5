import type { Socket } from 'node:net';
import { connect as tlsConnect, type ConnectionOptions as TlsOptions } from 'node:tls';
import { MillraceError } from '../../../runtime/record/error.ts';
import { CAPABILITY, loginPacket, readGreeting, tlsRequest, type Greeting } from './handshake.ts';
import type { PacketStream } from './packet-stream.ts';
import { cachingSha2, ed25519, encryptedPassword, nativePassword, parsec } from './scramble.ts';
import { readFailure, serverError } from './server-error.ts';

export interface Login {
  readonly user: string;
  readonly password: string;
  /** undefined: in clear. */
  readonly tls: TlsOptions | undefined;
  /** Whether TLS is a must; otherwise it is used where the server has it. */
  readonly tlsRequired: boolean;
  /** So many random bytes. */
  random(count: number): Buffer;
}

const OK = 0x00;
const MORE = 0x01;
const SWITCH = 0xfe;
const FAILURE = 0xff;
const FAST_DONE = 3;
const FULL = 4;
const NONCE_BYTES = 32;
const USE = 'Use an account with mysql_native_password, caching_sha2_password, ed25519 or parsec.';

/**
 * Greeting, TLS, authentication. Plug-ins: mysql_native_password, caching_sha2_password,
 * sha256_password, MariaDB's client_ed25519 and parsec, and mysql_clear_password under TLS. Returns the server's greeting.
 */
export async function logIn(stream: PacketStream, login: Login, doing: string, signal: AbortSignal): Promise<Greeting> {
  const first = await stream.packet(signal);
  if (first.bytes[first.at] === FAILURE) {
    first.skip(1);
    throw serverError(doing, readFailure(first));
  }
  const greeting = readGreeting(first);
  const tls = await underTls(stream, login, greeting, signal);
  const session = new Authentication(stream, login, tls, doing, signal);
  let { plugin, challenge } = greeting;
  if (!isKnown(plugin)) plugin = 'mysql_native_password';
  stream.write(loginPacket(login.user, session.answer(plugin, challenge), plugin, tls));
  for (;;) {
    const packet = await stream.packet(signal);
    const kind = packet.u8();
    if (kind === OK) return greeting;
    if (kind === FAILURE) throw serverError(doing, readFailure(packet));
    if (kind === SWITCH) {
      plugin = packet.left === 0 ? 'mysql_old_password' : packet.cString();
      challenge = packet.copy(packet.left).subarray(0, challengeBytes(plugin));
      stream.write(session.answer(plugin, challenge));
    } else if (kind === MORE) await session.more(plugin, challenge, packet.copy(packet.left));
    else throw session.unexpected(plugin, kind);
  }
}

class Authentication {
  readonly #stream: PacketStream;
  readonly #password: string;
  readonly #random: Login['random'];
  readonly #tls: boolean;
  readonly #doing: string;
  readonly #signal: AbortSignal;

  constructor(stream: PacketStream, login: Login, tls: boolean, doing: string, signal: AbortSignal) {
    this.#stream = stream;
    this.#password = login.password;
    this.#random = login.random;
    this.#tls = tls;
    this.#doing = doing;
    this.#signal = signal;
  }

  answer(plugin: string, challenge: Buffer): Buffer {
    switch (plugin) {
      case 'mysql_native_password':
        return nativePassword(this.#password, challenge);
      case 'caching_sha2_password':
        return cachingSha2(this.#password, challenge);
      case 'sha256_password':
        if (this.#password === '') return Buffer.alloc(1);
        return this.#tls ? this.#clear() : Buffer.from([1]);
      case 'client_ed25519':
        return ed25519(this.#password, challenge);
      case 'parsec':
        // An empty answer asks how the key is derived.
        return Buffer.alloc(0);
      case 'mysql_clear_password':
        if (this.#tls) return this.#clear();
        throw this.#refuse(plugin, 'it sends the password in clear: set database.ssl.mode=required.');
      default:
        throw this.#refuse(plugin, USE);
    }
  }

  /** What the server asks for beyond the first answer. */
  async more(plugin: string, challenge: Buffer, data: Buffer): Promise<void> {
    if (plugin === 'caching_sha2_password' && data[0] === FAST_DONE) return;
    if (plugin === 'caching_sha2_password' && data[0] === FULL) {
      if (this.#tls) {
        this.#stream.write(this.#clear());
        return;
      }
      this.#stream.write(Buffer.from([2]));
      const answer = await this.#stream.packet(this.#signal);
      if (answer.u8() !== MORE) throw serverError(this.#doing, readFailure(answer));
      this.#stream.write(encryptedPassword(this.#password, challenge, answer.text(answer.left)));
      return;
    }
    if (plugin === 'sha256_password') {
      this.#stream.write(encryptedPassword(this.#password, challenge, data.toString('latin1')));
      return;
    }
    if (plugin === 'parsec') {
      const answer = parsec(this.#password, challenge, data, this.#random(NONCE_BYTES));
      if (answer === undefined) throw this.#refuse('parsec in a way that is not known', USE);
      this.#stream.write(answer);
      return;
    }
    throw this.#refuse(plugin, USE);
  }

  unexpected(plugin: string, kind: number): MillraceError {
    return this.#refuse(`${plugin} and sends a packet of the unknown kind ${kind}`, USE);
  }

  #clear(): Buffer {
    return Buffer.from(`${this.#password}\0`, 'utf8');
  }

  #refuse(plugin: string, remedy: string): MillraceError {
    return new MillraceError('MYSQL_AUTH_PLUGIN', `${this.#doing}: the server asks for ${plugin}`, {
      kind: 'permission',
      key: 'database.user',
      remedy,
    });
  }
}

/** Bytes of the server's challenge; a NUL may follow. */
function challengeBytes(plugin: string): number {
  return plugin === 'client_ed25519' || plugin === 'parsec' ? NONCE_BYTES : 20;
}

function isKnown(plugin: string): boolean {
  return ['mysql_native_password', 'caching_sha2_password', 'sha256_password'].includes(plugin);
}

async function underTls(
  stream: PacketStream,
  { tls, tlsRequired }: Login,
  { capabilities }: Greeting,
  signal: AbortSignal,
): Promise<boolean> {
  if (tls === undefined) return false;
  if ((capabilities & CAPABILITY.ssl) === 0) {
    if (!tlsRequired) return false;
    throw new MillraceError('MYSQL_TLS', 'the server has no TLS', {
      kind: 'config',
      key: 'database.ssl.mode',
      remedy: 'Set up TLS on the server (ssl_cert, ssl_key), or set database.ssl.mode=disabled.',
    });
  }
  stream.write(tlsRequest());
  await stream.replace((socket) => secured(socket, tls, signal));
  return true;
}

async function secured(socket: Socket, options: TlsOptions, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  const secure = tlsConnect({ ...options, socket }, () => resolve(secure));
  secure.once('error', reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
