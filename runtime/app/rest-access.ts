import type { FastifyInstance } from 'fastify';
import type { Log } from '../connector/context.ts';
import type { Env } from '../env/env.ts';
import type { Redactor } from '../observe/redactor.ts';
import { MillraceError } from '../record/error.ts';
import type { AuditEvent, RestAccess } from '../rest/access.ts';
import { RateLimit } from '../rest/rate-limit.ts';
import type { RestLimits } from '../rest/rest-context.ts';
import { parseProperties } from '../settings/properties.ts';
import { readTls, tlsFiles, tlsKeyPrefix, type TlsMaterial, type TlsPrefix } from '../settings/tls-files.ts';
import { parseTokens } from '../settings/token-file.ts';
import { fileMark, WatchedFile } from '../settings/watched-file.ts';
import type { Listener, WorkerSettings } from '../settings/worker-settings.ts';
import { AuditFile } from './audit-file.ts';

/** Wrong credentials a second from one address that are looked at; twice as many at once. */
const FAILURES_PER_SECOND = 5;
const CERTIFICATES_MS = 10_000;

interface Parts {
  readonly env: Env;
  readonly log: Log;
  readonly redactor: Redactor;
}

/** Who may use REST, by the worker's settings. Files are read once before REST listens: a wrong one is told at the start. */
export async function restAccess({ options }: WorkerSettings, { env, log, redactor }: Parts): Promise<RestAccess> {
  const tokensPath = options['millrace.rest.tokens.file'];
  const usersPath = options['millrace.rest.basic.file'];
  const tokens =
    tokensPath === undefined ? null : new WatchedFile(env, 'millrace.rest.tokens.file', tokensPath, parseTokens);
  const users =
    usersPath === undefined
      ? null
      : new WatchedFile(env, 'millrace.rest.basic.file', usersPath, (text) => parseUsers(text, redactor));
  await Promise.all([tokens?.get(), users?.get()]);
  const nowMs = (): number => env.clock.monotonicMs();
  return {
    credentials: {
      tokens: tokens === null ? null : () => tokens.get(),
      users: users === null ? null : () => users.get(),
    },
    limit: new RateLimit(options['millrace.rest.requests.per.second'], nowMs),
    failures: new RateLimit(FAILURES_PER_SECOND, nowMs),
    audit: await auditTo(options['millrace.audit.file'], { env, log, redactor }),
  };
}

function parseUsers(text: string, redactor: Redactor): Readonly<Record<string, string>> {
  const users = parseProperties(text);
  for (const password of Object.values(users)) redactor.learn(password);
  return users;
}

/** To the file, or to the log. */
async function auditTo(path: string | undefined, { env, log, redactor }: Parts): Promise<RestAccess['audit']> {
  const shown = (event: AuditEvent): AuditEvent => ({ ...event, url: redactor.hide(event.url) });
  if (path === undefined) return (event) => log.info('REST request', { channel: 'audit', ...shown(event) });
  const file = await AuditFile.open(env, path, log);
  return (event) => file.write({ time: new Date(env.clock.nowMs()).toISOString(), ...shown(event) });
}

/** A token that travels in clear is one for everybody on the way. */
export function warnOfClearTokens(settings: WorkerSettings, access: RestAccess, log: Log): void {
  const { tokens, users } = access.credentials;
  if (tokens === null && users === null) return;
  for (const listener of allListeners(settings)) {
    if (listener.protocol === 'https' || isLocal(listener)) continue;
    log.warn('REST listens beyond this machine without TLS: tokens and passwords can be read on their way', {
      host: listener.host,
      port: listener.port,
      remedy: 'Use listeners=https://… (docs/security.md), or end TLS on this machine and listen on loopback.',
    });
  }
}

export function restLimits({ options }: WorkerSettings): RestLimits {
  return {
    headerBytes: options['millrace.rest.header.bytes'],
    requestTimeoutMs: options['millrace.rest.request.timeout.ms'],
    connections: options['millrace.rest.connections'],
  };
}

/** Beyond this machine REST listens only where it knows who comes in, or where the operator says so (D17). */
export function refuseOpenListener(settings: WorkerSettings): void {
  const { listeners, options } = settings;
  const open = allListeners(settings).find((listener) => !isLocal(listener));
  const { 'millrace.rest.tokens.file': tokens, 'millrace.rest.basic.file': users } = options;
  if (open === undefined || tokens !== undefined || users !== undefined || options['millrace.rest.unauthenticated']) {
    return;
  }
  throw new MillraceError('REST_UNAUTHENTICATED', `listening on ${open.host}:${open.port} without authentication`, {
    kind: 'config',
    key: listeners.includes(open) ? 'listeners' : 'admin.listeners',
    remedy:
      'Make a token with `millrace token create --file tokens.json --role admin --name me` and set millrace.rest.tokens.file=tokens.json; or listen on http://127.0.0.1:8083; or, in a network where everyone may do everything, set millrace.rest.unauthenticated=true.',
  });
}

/** Who asked Connect for authentication must not come here to none. */
export function refuseMissingUsers({ options }: WorkerSettings): void {
  const asked = options['rest.extension.classes'].find((name) => name.endsWith('BasicAuthSecurityRestExtension'));
  if (asked === undefined || options['millrace.rest.basic.file'] !== undefined) return;
  throw new MillraceError('REST_USERS_MISSING', `rest.extension.classes: ${asked} needs its users`, {
    kind: 'config',
    key: 'rest.extension.classes',
    remedy:
      'Set millrace.rest.basic.file to the property file of its PropertyFileLoginModule (user=password), or remove the class.',
  });
}

/** Those of `admin.listeners` too. */
export function allListeners({ listeners, adminListeners }: WorkerSettings): readonly Listener[] {
  return [...listeners, ...(adminListeners ?? [])];
}

export function isLocal({ host }: Listener): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Key and certificates, where a listener needs them. */
export async function restTls(
  { effective }: WorkerSettings,
  listeners: readonly Listener[],
  prefix: TlsPrefix,
  env: Env,
): Promise<TlsMaterial | undefined> {
  const needed = listeners.some(({ protocol }) => protocol === 'https');
  return needed ? readTls(env, effective, prefix) : undefined;
}

/** Whether a listener takes its key and certificates from the worker's `ssl.*`, which have no other use here. */
export function readsPlainTls({ listeners, adminListeners, effective }: WorkerSettings): boolean {
  const reads = (some: readonly Listener[], prefix: TlsPrefix): boolean =>
    some.some(({ protocol }) => protocol === 'https') && tlsKeyPrefix(effective, prefix) === 'ssl.';
  return reads(listeners, 'listeners.https.') || reads(adminListeners ?? [], 'admin.listeners.https.');
}

/** Serves renewed certificates to new connections without a restart. Returns how to end it. */
export function renewCertificates(
  app: FastifyInstance,
  settings: WorkerSettings,
  prefix: TlsPrefix,
  { env, log }: Parts,
): () => void {
  const files = tlsFiles(settings.effective, prefix);
  const marks = (): Promise<string> =>
    Promise.all(files.map((path) => fileMark(env, path))).then((all) => all.join('|'));
  let before: string | null = null;
  const look = async (): Promise<void> => {
    try {
      const now = await marks();
      const changed = before !== null && before !== now;
      if (changed && 'setSecureContext' in app.server) {
        const tls = await readTls(env, settings.effective, prefix);
        (app.server as { setSecureContext(tls: TlsMaterial): void }).setSecureContext(tls);
        log.info('REST serves renewed certificates');
      }
      before = now;
    } catch (error) {
      log.warn('renewed certificates of REST cannot be read; the ones before are served on', { error });
    }
  };
  void look();
  const timer = env.timers.every(CERTIFICATES_MS, () => void look());
  return () => timer.cancel();
}
