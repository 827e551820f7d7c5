import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { S3Options } from '../options.ts';

export type S3Sdk = typeof import('@aws-sdk/client-s3');

const CONNECT_TIMEOUT_MS = 10_000;
/** Without a byte moving; a part of 25 MB on a slow line takes longer in all. */
const SOCKET_TIMEOUT_MS = 60_000;

/** Loads the AWS SDK, an optional dependency. */
export async function loadSdk(): Promise<S3Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw new MillraceError('S3_SDK_MISSING', 'the AWS SDK is not installed', {
      kind: 'config',
      key: 'store.url',
      remedy: 'Run `npm install @aws-sdk/client-s3`, or use a file:// store.url.',
      cause,
    });
  }
}

export function makeClient(sdk: S3Sdk, options: S3Options): S3Client {
  const endpoint = options['store.url'] ?? '';
  const accessKeyId = options['aws.access.key.id'];
  const secretAccessKey = options['aws.secret.access.key'];
  const config: S3ClientConfig = {
    region: options['s3.region'],
    forcePathStyle: options['s3.path.style.access.enabled'],
    useAccelerateEndpoint: options['s3.wan.mode'],
    maxAttempts: options['s3.part.retries'] + 1,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SOCKET_TIMEOUT_MS },
    ...(endpoint === '' ? {} : { endpoint }),
    ...(accessKeyId === '' ? {} : { credentials: { accessKeyId, secretAccessKey } }),
  };
  return new sdk.S3Client(config);
}
