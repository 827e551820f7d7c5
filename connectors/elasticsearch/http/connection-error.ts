import { MillraceError } from '../../../runtime/record/error.ts';
import type { ElasticsearchOptions } from '../options.ts';

const UNTRUSTED = /self-signed|self signed|unable to verify|unable to get (?:local )?issuer|certificate has expired/i;
const OTHER_NAME = /does not match certificate|Hostname\/IP/i;
const NOT_TLS = /wrong version number|packet length too long|EPROTO/i;
const CLOSED = /other side closed|socket hang up|ECONNRESET|alert|bad certificate/i;
const PROXY = /proxy|407/i;

/**
 * Why there was no whole answer, by the key that mends it. Certificates are for the operator: the same one would be
 * refused again. A server closes a connection for many reasons, so that one is tried again.
 */
export function connectionError(doing: string, cause: unknown, options: ElasticsearchOptions): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const problem = `${doing}: ${reason}`;
  const tls = options['connection.url'].some((url) => url.startsWith('https:'));
  if (UNTRUSTED.test(reason))
    return new MillraceError('ELASTICSEARCH_TLS_UNTRUSTED', problem, {
      kind: 'permission',
      key: 'millrace.tls.ca.file',
      remedy:
        'Name the certificate of the authority that signed the server’s in millrace.tls.ca.file (PEM), or renew the server’s.',
      cause,
    });
  if (OTHER_NAME.test(reason))
    return new MillraceError('ELASTICSEARCH_TLS_NAME', problem, {
      kind: 'permission',
      key: 'connection.url',
      remedy: 'Use a name in connection.url that the server’s certificate has.',
      cause,
    });
  return unavailable(problem, cause, ...hint(reason, tls, options));
}

function hint(reason: string, tls: boolean, options: ElasticsearchOptions): readonly [key: string, remedy: string] {
  if (options['proxy.host'] !== '' && PROXY.test(reason))
    return ['proxy.host', 'Correct proxy.host, proxy.port, proxy.username and proxy.password.'];
  if (tls && NOT_TLS.test(reason))
    return ['connection.url', 'What answers there speaks no TLS: use http in connection.url.'];
  if (tls && CLOSED.test(reason) && options['elastic.security.protocol'] !== undefined)
    return options['millrace.tls.cert.file'] === ''
      ? [
          'millrace.tls.cert.file',
          'If the server wants a client certificate, set millrace.tls.cert.file and millrace.tls.key.file.',
        ]
      : [
          'millrace.tls.cert.file',
          'If it goes on: the server may not accept the client certificate (millrace.tls.cert.file).',
        ];
  if (!tls && CLOSED.test(reason))
    return ['connection.url', 'See that the server runs; if it speaks TLS, use https in connection.url.'];
  return [
    'connection.url',
    'Check that the server runs and can be reached from here; for slow answers raise read.timeout.ms.',
  ];
}

function unavailable(problem: string, cause: unknown, key: string, remedy: string): MillraceError {
  return new MillraceError('ELASTICSEARCH_UNAVAILABLE', problem, { kind: 'unavailable', key, remedy, cause });
}

/** An answer that refuses who asks; null: it does not. */
export function refusal(
  doing: string,
  { status, text }: { readonly status: number; readonly text: string },
  options: ElasticsearchOptions,
): MillraceError | null {
  if (status === 407 && options['proxy.host'] !== '')
    return new MillraceError('ELASTICSEARCH_PROXY_REFUSED', `${doing}: the proxy wants another user (HTTP 407)`, {
      kind: 'permission',
      key: 'proxy.username',
      remedy: 'Correct proxy.username and proxy.password.',
    });
  const aws = options['aws.region'] !== '';
  // AWS refuses a signature with 403 and a message of its own; the server behind it says `error`.
  const unsigned = aws && status === 403 && !text.includes('"error"');
  if (status !== 401 && !unsigned) return null;
  const key = credentialKey(options);
  return new MillraceError('ELASTICSEARCH_UNAUTHENTICATED', `${doing}: ${reasonOf(text) || `HTTP ${status}`}`, {
    kind: 'permission',
    key,
    remedy: `Correct ${key === 'connection.password' ? 'connection.username and connection.password' : aws ? 'aws.access.key.id, aws.secret.access.key, aws.region or aws.service.signing.name' : key}.`,
  });
}

function credentialKey(options: ElasticsearchOptions): string {
  if (options['aws.region'] !== '') return 'aws.access.key.id';
  if (options['millrace.connection.api.key'] !== '') return 'millrace.connection.api.key';
  return options['connection.username'] === '' ? 'connection.username' : 'connection.password';
}

function reasonOf(text: string): string {
  return /"(?:reason|message|Message)"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200);
}
