import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { Env } from '../../../runtime/env/env.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { ElasticsearchOptions } from '../options.ts';

/** A request as it leaves. */
export interface UnsignedRequest {
  readonly method: string;
  /** Encoded, with what stands before it in the address of the server. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly body: string | Buffer;
}

/** The headers that sign a request. */
export type Sign = (request: UnsignedRequest) => Promise<Readonly<Record<string, string>>>;

/** What the signing library wants of a hash, keyed or not. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a digest is taken once');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/**
 * Signs requests as AWS wants them (Signature Version 4), with the keys that are given, else with those that the AWS
 * SDK finds (environment, profile, role of the machine). null: they are not to be signed.
 */
export async function awsSignature(options: ElasticsearchOptions, env: Env, host: string): Promise<Sign | null> {
  const region = options['aws.region'];
  if (region === '') return null;
  const [{ SignatureV4 }, { S3Client }] = await load();
  const accessKeyId = options['aws.access.key.id'];
  const given = { accessKeyId, secretAccessKey: options['aws.secret.access.key'] };
  const found = new S3Client({ region });
  const credentials = accessKeyId === '' ? found.config.credentials : given;
  const signer = new SignatureV4({ region, service: options['aws.service.signing.name'], credentials, sha256: Sha256 });
  return async ({ method, path, query, body }) => {
    const request = {
      method,
      protocol: 'https:',
      hostname: host,
      path,
      query: queryOf(query),
      headers: { host, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
      body,
    };
    const { headers } = await signer
      .sign(request, { signingDate: new Date(env.clock.nowMs()) })
      .catch((error: unknown) => Promise.reject(noCredentials(error)));
    return headers;
  };
}

function queryOf(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

async function load() {
  try {
    return await Promise.all([import('@smithy/signature-v4'), import('@aws-sdk/client-s3')]);
  } catch (cause) {
    throw new MillraceError('ELASTICSEARCH_SDK_MISSING', 'the AWS SDK is not installed', {
      kind: 'config',
      key: 'aws.region',
      remedy: 'Run `npm install @smithy/signature-v4 @aws-sdk/client-s3`, or use a user of the domain.',
      cause,
    });
  }
}

function noCredentials(cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('ELASTICSEARCH_AWS_CREDENTIALS', `no AWS keys to sign with: ${reason}`, {
    kind: 'permission',
    key: 'aws.access.key.id',
    remedy: 'Set aws.access.key.id and aws.secret.access.key, or give the worker a role or a profile.',
    cause,
  });
}
