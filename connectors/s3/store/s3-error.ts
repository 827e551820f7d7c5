import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';

type Rule = readonly [code: string, kind: ErrorKind, remedy: string, key: string];

/** Stands in a remedy for the program that needs the store. */
const READER = '{reader}';

const DENIED: Rule = [
  'S3_ACCESS_DENIED',
  'permission',
  'Allow s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload on the bucket to these credentials.',
  'aws.access.key.id',
];
/** Says nothing of which key was wrong: an answer without a body, as to HEAD. */
const REFUSED: Rule = [
  'S3_ACCESS_DENIED',
  'permission',
  'Correct aws.access.key.id and aws.secret.access.key. Where they are right, allow s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload on the bucket to them.',
  'aws.access.key.id',
];
const UNKNOWN_KEY: Rule = [
  'S3_ACCESS_DENIED',
  'permission',
  'Correct aws.access.key.id: the store does not know it.',
  'aws.access.key.id',
];
const WRONG_SECRET: Rule = [
  'S3_ACCESS_DENIED',
  'permission',
  'Correct aws.secret.access.key: it is not that of aws.access.key.id.',
  'aws.secret.access.key',
];
const THROTTLED: Rule = [
  'S3_THROTTLED',
  'throttled',
  'Nothing: the task slows down. Larger files need fewer requests.',
  'flush.size',
];
const UNAVAILABLE: Rule = ['S3_UNAVAILABLE', 'unavailable', 'Check that the store can be reached.', 'store.url'];
const REGION: Rule = ['S3_REGION_WRONG', 'config', "Set s3.region to the bucket's region.", 's3.region'];

/** By the error code of S3's REST API. */
const BY_NAME: Readonly<Record<string, Rule>> = {
  ConditionalRequestConflict: ['S3_WRITE_RACE', 'busy', 'Nothing: the upload is done again.', 'store.url'],
  NoSuchBucket: ['S3_BUCKET_MISSING', 'missing', 'Create the bucket, or correct s3.bucket.name.', 's3.bucket.name'],
  NoSuchUpload: [
    'S3_UPLOAD_GONE',
    'busy',
    'Nothing: the upload is done again. If it repeats, look for a rule that aborts multipart uploads.',
    'store.url',
  ],
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  SlowDown: THROTTLED,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  RequestTimeTooSkewed: ['S3_CLOCK_WRONG', 'config', "Correct this machine's clock.", 'store.url'],
  NotImplemented: [
    'S3_CONDITIONAL_WRITE_UNSUPPORTED',
    'config',
    'Use a store that honours If-None-Match, or set enable.conditional.writes=false and accept that a stale task may overwrite a newer file.',
    'enable.conditional.writes',
  ],
  InvalidAccessKeyId: UNKNOWN_KEY,
  SignatureDoesNotMatch: WRONG_SECRET,
  AccessDenied: DENIED,
  CredentialsProviderError: [
    'S3_CREDENTIALS_MISSING',
    'permission',
    `Set aws.access.key.id and aws.secret.access.key, or give ${READER} credentials in its environment, profile or role.`,
    'aws.access.key.id',
  ],
};

const SAYS_NOTHING = /^(?:Unknown(?:Error)?|\d{3})$/;

interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** HTTP status of a service's answer; undefined where there was none. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as ServiceError).$metadata?.httpStatusCode : undefined;
}

/** The store's error in our terms. `reader`: the program that needs the store. */
export function s3Error(doing: string, error: unknown, reader = 'the worker'): MillraceError {
  if (error instanceof MillraceError) return error;
  const name = error instanceof Error ? error.name : '';
  const [code, kind, remedy, key] = BY_NAME[name] ?? byStatus(statusOf(error));
  return new MillraceError(code, `${doing}: ${textOf(error)}`, {
    kind,
    remedy: remedy.replace(READER, reader),
    key,
    cause: error,
  });
}

/** Answers to HEAD have no body, and the SDK then calls the error `Unknown`, or by its status. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  if (message !== '' && !SAYS_NOTHING.test(message)) return message;
  if (name !== 'Error' && name !== '' && !SAYS_NOTHING.test(name)) return name;
  const status = statusOf(error);
  if (status === undefined) return name;
  return status === 401 || status === 403 ? `the store refuses these credentials (HTTP ${status})` : `HTTP ${status}`;
}

function byStatus(status: number | undefined): Rule {
  if (status === undefined || status === 408 || status === 500 || status > 503) return UNAVAILABLE;
  if (status === 503 || status === 429) return THROTTLED;
  if (status === 501) return BY_NAME['NotImplemented'] ?? UNAVAILABLE;
  if (status === 409) return BY_NAME['ConditionalRequestConflict'] ?? UNAVAILABLE;
  if (status === 401 || status === 403) return REFUSED;
  if (status === 301 || status === 307) return REGION;
  if (status === 404) return BY_NAME['NoSuchBucket'] ?? UNAVAILABLE;
  return ['S3_REQUEST_REFUSED', 'config', 'Compare the options with what the store supports.', 'store.url'];
}
