import { MillraceError, type ErrorKind } from '../../../runtime/record/error.ts';

type Rule = readonly [code: string, kind: ErrorKind, remedy: string, key: string];

const DENIED: Rule = [
  'S3_ACCESS_DENIED',
  'permission',
  'Allow s3:PutObject, s3:GetObject, s3:ListBucket and s3:AbortMultipartUpload on the bucket to these credentials.',
  'aws.access.key.id',
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
  InvalidAccessKeyId: DENIED,
  SignatureDoesNotMatch: DENIED,
  AccessDenied: DENIED,
  CredentialsProviderError: [
    'S3_CREDENTIALS_MISSING',
    'permission',
    'Set aws.access.key.id and aws.secret.access.key, or give the worker credentials in its environment, profile or role.',
    'aws.access.key.id',
  ],
};

interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** HTTP status of a service's answer; undefined where there was none. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error ? (error as ServiceError).$metadata?.httpStatusCode : undefined;
}

/** The store's error in our terms. */
export function s3Error(doing: string, error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const name = error instanceof Error ? error.name : '';
  const [code, kind, remedy, key] = BY_NAME[name] ?? byStatus(statusOf(error));
  const text =
    error instanceof Error
      ? error.message === '' || error.message === 'UnknownError'
        ? name
        : error.message
      : String(error);
  return new MillraceError(code, `${doing}: ${text}`, { kind, remedy, key, cause: error });
}

function byStatus(status: number | undefined): Rule {
  if (status === undefined || status === 408 || status === 500 || status > 503) return UNAVAILABLE;
  if (status === 503 || status === 429) return THROTTLED;
  if (status === 501) return BY_NAME['NotImplemented'] ?? UNAVAILABLE;
  if (status === 409) return BY_NAME['ConditionalRequestConflict'] ?? UNAVAILABLE;
  if (status === 401 || status === 403) return DENIED;
  if (status === 301 || status === 307) return REGION;
  if (status === 404) return BY_NAME['NoSuchBucket'] ?? UNAVAILABLE;
  return ['S3_REQUEST_REFUSED', 'config', 'Compare the options with what the store supports.', 'store.url'];
}
