import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import type { CheckResult } from '../../../runtime/connector/connector.ts';
import type { Env } from '../../../runtime/env/env.ts';
import type { MillraceError } from '../../../runtime/record/error.ts';
import type { S3Options } from '../options.ts';
import {
  decodeFacts,
  encodeFacts,
  factsName,
  fromMetadata,
  sameFacts,
  toMetadata,
  type Completion,
  type ObjectFacts,
  type ObjectStore,
  type ObjectUpload,
} from './object-store.ts';
import { loadSdk, makeClient, type S3Sdk } from './s3-client.ts';
import { s3Error, statusOf } from './s3-error.ts';
import { S3Upload } from './s3-upload.ts';

/** Tries of one object while the store answers 409: another write to it is on its way. */
const RACE_TRIES = 5;
const RACE_PAUSE_MS = 200;
/** A store that has not answered by then is waited for by the writes, which tell it in the status. */
const GREET_MS = 10_000;
/** Answers after which writing would fail too. `AccessDenied` is none: it may forbid no more than to list. */
const CERTAIN = new Set([
  'CredentialsProviderError',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'NoSuchBucket',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'RequestTimeTooSkewed',
]);

interface S3StoreRequest {
  readonly options: S3Options;
  readonly hiddenFolder: string;
  readonly env: Env;
}

export async function openS3Store(request: S3StoreRequest): Promise<S3Store> {
  const sdk = await loadSdk();
  return new S3Store(sdk, makeClient(sdk, request.options), request);
}

/**
 * A bucket. Objects of up to one part are put in one request, their facts in the object's metadata.
 * Of larger ones the metadata goes out with the first part, before the facts are known: their facts
 * are put, under the same condition, as a small object in the hidden folder before the upload is
 * completed, and count once the object itself is there.
 */
export class S3Store implements ObjectStore {
  readonly shown: string;
  readonly sdk: S3Sdk;
  readonly client: S3Client;
  readonly bucket: string;
  readonly partBytes: number;
  readonly #request: S3StoreRequest;

  constructor(sdk: S3Sdk, client: S3Client, request: S3StoreRequest) {
    this.sdk = sdk;
    this.client = client;
    this.#request = request;
    this.bucket = request.options['s3.bucket.name'] ?? '';
    this.partBytes = request.options['s3.part.size'];
    this.shown = `s3://${this.bucket}/`;
  }

  create(name: string): ObjectUpload {
    return new S3Upload(this, name);
  }

  /**
   * Lists one object below `topics.dir`, where permissions may end: an answer to HEAD has no body, and would not
   * tell an unknown key from a permission that is missing.
   */
  async greet(signal: AbortSignal): Promise<MillraceError | null> {
    const look = { Bucket: this.bucket, MaxKeys: 1, Prefix: this.#request.options['topics.dir'] };
    const late = new AbortController();
    const timer = this.env.timers.after(GREET_MS, () => late.abort());
    try {
      const abortSignal = AbortSignal.any([signal, late.signal]);
      await this.client.send(new this.sdk.ListObjectsV2Command(look), { abortSignal });
      return null;
    } catch (error) {
      signal.throwIfAborted();
      const doing = `looking at ${this.shown}`;
      const told = s3Error(doing, late.signal.aborted ? new Error(`no answer within ${GREET_MS} ms`) : error);
      if (error instanceof Error && CERTAIN.has(error.name)) throw told;
      return told.kind === 'config' ? null : told;
    } finally {
      timer.cancel();
    }
  }

  /** A bucket is not made by writing to it. */
  async claim(): Promise<void> {}

  /** Unfinished multipart uploads are left to the bucket's lifecycle rule: listing them needs another permission. */
  async sweep(): Promise<void> {}

  get env(): Env {
    return this.#request.env;
  }

  /** What every new object is given. */
  get writing(): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId' | 'ACL'> {
    const { options } = this.#request;
    const encryption = options['s3.ssea.name'];
    const kmsKey = options['s3.sse.kms.key.id'];
    const acl = options['s3.acl.canned'];
    return {
      ...(encryption === '' ? {} : { ServerSideEncryption: encryption }),
      ...(kmsKey === '' ? {} : { SSEKMSKeyId: kmsKey }),
      ...(acl === '' ? {} : { ACL: acl }),
    };
  }

  /** `If-None-Match: *`, unless switched off. */
  get condition(): { IfNoneMatch?: string } {
    return this.#request.options['enable.conditional.writes'] ? { IfNoneMatch: '*' } : {};
  }

  /** Puts an object whole. A 409 is tried again; after a lost answer the retry finds its own object. */
  async put(name: string, body: Uint8Array, facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    for (let attempt = 1; ; attempt++) {
      try {
        const Metadata = toMetadata(facts);
        await this.client.send(
          new this.sdk.PutObjectCommand({
            Bucket: this.bucket,
            Key: name,
            Body: body,
            Metadata,
            ...this.writing,
            ...this.condition,
          }),
          { abortSignal: signal },
        );
        return { kind: 'created' };
      } catch (error) {
        if (statusOf(error) === 412) return { kind: 'exists', facts: await this.facts(name, signal) };
        if (statusOf(error) !== 409 || attempt === RACE_TRIES) throw s3Error(`writing ${this.shown}${name}`, error);
        await this.#request.env.timers.sleep(RACE_PAUSE_MS * attempt, signal);
      }
    }
  }

  /** Fixes the facts of a multipart object before it is completed; not ours: another writer's stand already. */
  async fixFacts(name: string, facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    const side = factsName(this.#request.hiddenFolder, name);
    if (await this.#isOfUnknownMaking(name, signal)) return { kind: 'exists', facts: await this.facts(name, signal) };
    const completion = await this.put(side, encodeFacts(facts), facts, signal);
    if (completion.kind === 'created') return completion;
    const found = await this.#sideFacts(name, signal);
    return found !== null && sameFacts(found, facts) ? { kind: 'created' } : { kind: 'exists', facts: found };
  }

  /** There without facts beside it, before ours are put: those would not be of it. */
  async #isOfUnknownMaking(name: string, signal: AbortSignal): Promise<boolean> {
    if (this.condition.IfNoneMatch === undefined) return false;
    if ((await this.#sideFacts(name, signal)) !== null || !(await this.exists(name, signal))) return false;
    // Another writer may have made both in between.
    return (await this.#sideFacts(name, signal)) === null;
  }

  /** What the object says of itself; null: it is not ours. Throws where it is not there. */
  async facts(name: string, signal: AbortSignal): Promise<ObjectFacts | null> {
    try {
      const head = await this.client.send(new this.sdk.HeadObjectCommand({ Bucket: this.bucket, Key: name }), {
        abortSignal: signal,
      });
      return fromMetadata(head.Metadata ?? {}) ?? (await this.#sideFacts(name, signal));
    } catch (error) {
      throw s3Error(`looking at ${this.shown}${name}`, error);
    }
  }

  async names(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const pages = this.sdk.paginateListObjectsV2(
        { client: this.client },
        { Bucket: this.bucket, Prefix: prefix },
        { abortSignal: signal },
      );
      const names: string[] = [];
      for await (const { Contents = [] } of pages) names.push(...Contents.flatMap(({ Key }) => Key ?? []));
      return names;
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(`listing ${this.shown}${prefix}`, error);
    }
  }

  async exists(name: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.client.send(new this.sdk.HeadObjectCommand({ Bucket: this.bucket, Key: name }), {
        abortSignal: signal,
      });
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw s3Error(`looking at ${this.shown}${name}`, error);
    }
  }

  async check(): Promise<readonly CheckResult[]> {
    const steps: readonly [string, () => Promise<unknown>][] = [
      ['the bucket can be reached', () => this.client.send(new this.sdk.HeadBucketCommand({ Bucket: this.bucket }))],
      [
        'its objects can be listed',
        () => this.client.send(new this.sdk.ListObjectsV2Command({ Bucket: this.bucket, MaxKeys: 1 })),
      ],
    ];
    const results: CheckResult[] = [];
    for (const [name, step] of steps) {
      const result = await this.#try(name, step);
      results.push(result);
      if (!result.ok) break;
    }
    return results;
  }

  async close(): Promise<void> {
    this.client.destroy();
  }

  async #try(name: string, step: () => Promise<unknown>): Promise<CheckResult> {
    try {
      await step();
      return { name, ok: true };
    } catch (error) {
      const { code, message, remedy, key } = s3Error(`looking at ${this.shown}`, error);
      const where = { ...(remedy === undefined ? {} : { remedy }), ...(key === undefined ? {} : { key }) };
      return { name, ok: false, code, problem: message, ...where };
    }
  }

  async #sideFacts(name: string, signal: AbortSignal): Promise<ObjectFacts | null> {
    const side = factsName(this.#request.hiddenFolder, name);
    try {
      const got = await this.client.send(new this.sdk.GetObjectCommand({ Bucket: this.bucket, Key: side }), {
        abortSignal: signal,
      });
      return decodeFacts((await got.Body?.transformToByteArray()) ?? new Uint8Array(0));
    } catch (error) {
      if (statusOf(error) === 404) return null;
      throw s3Error(`looking at ${this.shown}${side}`, error);
    }
  }
}
