import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';

/** The fields of an ErrorResponse or NoticeResponse that we use ("Error and Notice Message Fields"). */
interface BackendFields {
  /** SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** Reads the body of an ErrorResponse ('E') or NoticeResponse ('N'): { byte field, string } … 0. */
export function readBackendFields(bytes: Buffer, at: number, end: number): BackendFields {
  const fields = new Map<string, string>();
  let from = at;
  while (from < end && bytes[from] !== 0) {
    const name = String.fromCharCode(bytes[from] ?? 0);
    const stop = bytes.indexOf(0, from + 1);
    if (stop < 0 || stop >= end) break;
    fields.set(name, bytes.toString('utf8', from + 1, stop));
    from = stop + 1;
  }
  const detail = fields.get('D');
  const hint = fields.get('H');
  return {
    code: fields.get('C') ?? 'XX000',
    message: fields.get('M') ?? 'unknown error',
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** An error the server reported on a socket that we read ourselves. */
export class BackendError extends Error {
  readonly code: string;
  readonly detail: string | undefined;

  constructor(fields: BackendFields) {
    const extra = [fields.detail, fields.hint].filter((text) => text !== undefined);
    super([fields.message, ...extra].map((text) => text.replace(/\.$/, '')).join('. '));
    this.name = 'BackendError';
    this.code = fields.code;
    this.detail = fields.detail;
  }
}

interface Rule {
  /** SQLSTATE, or its first two characters. */
  readonly state: string;
  /** What the message has to say too, where the server speaks English. */
  readonly says?: RegExp;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly key?: string;
  readonly remedy?: string;
}

/** The first rule whose state the SQLSTATE begins with, and whose words the message has, wins. */
const rules: readonly Rule[] = [
  { state: '08', code: 'POSTGRES_UNAVAILABLE', kind: 'unavailable' },
  {
    state: '28P01',
    code: 'POSTGRES_AUTHENTICATION',
    kind: 'permission',
    key: 'database.password',
    remedy: 'Correct database.user and database.password.',
  },
  {
    state: '28000',
    says: /^role ".*" does not exist$/,
    code: 'POSTGRES_AUTHENTICATION',
    kind: 'permission',
    key: 'database.user',
    remedy: 'Correct database.user, or CREATE ROLE … LOGIN REPLICATION on the server.',
  },
  {
    state: '28000',
    says: /^role ".*" is not permitted to log in$/,
    code: 'POSTGRES_AUTHENTICATION',
    kind: 'permission',
    key: 'database.user',
    remedy: 'ALTER ROLE … LOGIN on the server, or correct database.user.',
  },
  {
    state: '28',
    code: 'POSTGRES_AUTHENTICATION',
    kind: 'permission',
    key: 'database.user',
    remedy: 'Allow this user in pg_hba.conf (database and replication connections), and check database.user.',
  },
  {
    state: '3D000',
    code: 'POSTGRES_DATABASE_MISSING',
    kind: 'config',
    key: 'database.dbname',
    remedy: 'Name an existing database in database.dbname.',
  },
  {
    state: '42501',
    code: 'POSTGRES_PERMISSION',
    kind: 'permission',
    key: 'database.user',
    remedy: 'Grant the privilege to database.user; `millrace connectors check <connector>` shows the statement.',
  },
  {
    state: '42704',
    code: 'POSTGRES_OBJECT_MISSING',
    kind: 'missing',
    key: 'publication.name',
    remedy:
      'Create what is missing. A publication has to exist before the slot: if it was created later, drop the slot and delete the offsets to begin anew.',
  },
  {
    state: '55000',
    code: 'POSTGRES_SLOT_UNUSABLE',
    kind: 'position',
    key: 'slot.name',
    remedy:
      'Look at wal_status and invalidation_reason of the slot in pg_replication_slots. A lost slot has to be dropped, and the offsets of the connector deleted, for a new snapshot.',
  },
  { state: '40', code: 'POSTGRES_CONFLICT', kind: 'unavailable' },
  { state: '53', code: 'POSTGRES_OUT_OF_RESOURCES', kind: 'unavailable' },
  {
    state: '55006',
    code: 'POSTGRES_SLOT_BUSY',
    kind: 'busy',
    key: 'slot.name',
    remedy: 'Stop what else reads the slot, or give this connector a slot.name of its own.',
  },
  { state: '55P03', code: 'POSTGRES_LOCK_TIMEOUT', kind: 'busy' },
  { state: '57', code: 'POSTGRES_UNAVAILABLE', kind: 'unavailable' },
  { state: '58', code: 'POSTGRES_SYSTEM_ERROR', kind: 'unavailable' },
];

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** SQLSTATE or system error code of whatever was thrown; '' if it has none. */
export function errorCode(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** SQLSTATE of a server error, also of one that we have put into our terms; '' if it has none. */
export function sqlState(error: unknown): string {
  return errorCode(error instanceof MillraceError ? error.cause : error);
}

/** Puts an error of the server, the socket or `pg` into our terms. `doing`: "reading slot orders_slot". */
export function postgresError(doing: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause;
  const code = errorCode(cause);
  const text = cause instanceof Error && cause.message !== '' ? cause.message : code || String(cause);
  const message = `${doing}: ${text}`;
  if (/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) {
    return new MillraceError('POSTGRES_TLS', message, {
      kind: 'config',
      key: 'database.sslrootcert',
      remedy:
        'Set database.sslrootcert to the CA that signed the server certificate, and database.hostname to a name in it.',
      cause,
    });
  }
  const rule = rules.find(
    ({ state, says }) => code.length === 5 && code.startsWith(state) && (says === undefined || says.test(text)),
  );
  if (rule !== undefined) {
    const { key, remedy } = rule;
    return new MillraceError(rule.code, message, {
      kind: rule.kind,
      cause,
      ...(key === undefined ? {} : { key }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  if (unreachable.has(code) || /terminated|timeout|not support SSL|establishing an SSL/i.test(text)) {
    return new MillraceError('POSTGRES_UNAVAILABLE', message, {
      kind: 'unavailable',
      remedy: 'Check that the server runs and that database.hostname and database.port reach it.',
      cause,
    });
  }
  return new MillraceError('POSTGRES_ERROR', message, { kind: 'bug', cause });
}
