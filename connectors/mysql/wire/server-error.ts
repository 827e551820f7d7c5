import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';
import type { PayloadReader } from './payload-reader.ts';

/** Numbers of server errors, and what they mean for a task. */
const KINDS: ReadonlyMap<
  number,
  { readonly code: string; readonly kind: ErrorKind; readonly key?: string; readonly remedy?: string }
> = new Map([
  [1040, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1044, { code: 'MYSQL_PERMISSION', kind: 'permission' }],
  [
    1045,
    {
      code: 'MYSQL_LOGIN',
      kind: 'permission',
      key: 'database.password',
      remedy: 'Correct database.user and database.password.',
    },
  ],
  [1049, { code: 'MYSQL_MISSING', kind: 'missing' }],
  [1053, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1142, { code: 'MYSQL_PERMISSION', kind: 'permission' }],
  [1146, { code: 'MYSQL_MISSING', kind: 'missing' }],
  [1158, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1159, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1160, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1161, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1205, { code: 'MYSQL_LOCK_TIMEOUT', kind: 'busy' }],
  [1213, { code: 'MYSQL_LOCK_TIMEOUT', kind: 'busy' }],
  [1226, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [1227, { code: 'MYSQL_PERMISSION', kind: 'permission' }],
  [1317, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [
    1412,
    {
      code: 'MYSQL_TABLE_CHANGED',
      kind: 'busy',
      remedy: 'A snapshot is taken up again by itself, and reads the table as it is then; run any other command again.',
    },
  ],
  [
    1698,
    {
      code: 'MYSQL_LOGIN',
      kind: 'permission',
      key: 'database.user',
      remedy: 'Use an account that logs in with a password.',
    },
  ],
  [1927, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [3024, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
  [3169, { code: 'MYSQL_UNAVAILABLE', kind: 'unavailable' }],
]);

const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
]);

/** What an ERR packet says; the reader stands behind its first byte. */
export interface ServerFailure {
  readonly number: number;
  readonly message: string;
}

/** `errno:u16le ['#' sqlstate:5] message`; before the handshake is done there is no state. */
export function readFailure(reader: PayloadReader): ServerFailure {
  const number = reader.u16();
  if (reader.left >= 6 && reader.bytes[reader.at] === 0x23) reader.skip(6);
  return { number, message: reader.text(reader.left) };
}

/** `doing`: what was being done, for the message. */
export function serverError(doing: string, { number, message }: ServerFailure): MillraceError {
  const known = KINDS.get(number);
  return new MillraceError(known?.code ?? 'MYSQL_QUERY', `${doing}: ${message} (${number})`, {
    kind: known?.kind ?? 'bug',
    ...(known?.key === undefined ? {} : { key: known.key }),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
  });
}

/** A failure of the socket, or whatever else was thrown. */
export function mysqlError(doing: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error && error.message !== '' ? error.message : code || String(error);
  const tls = code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || /certificate/i.test(text);
  if (tls) {
    return new MillraceError('MYSQL_TLS', `${doing}: ${text}`, {
      kind: 'config',
      key: 'database.ssl.mode',
      remedy:
        'Set millrace.database.ssl.ca to the CA of the server’s certificate, or choose another database.ssl.mode.',
      cause: error,
    });
  }
  const away = SOCKET_CODES.has(code);
  return new MillraceError(away ? 'MYSQL_UNAVAILABLE' : 'MYSQL_FAILED', `${doing}: ${text}`, {
    kind: away ? 'unavailable' : 'bug',
    ...(away
      ? { key: 'database.hostname', remedy: 'Check database.hostname and database.port, and that the server runs.' }
      : {}),
    cause: error,
  });
}
