import type { CompletedPart } from '@aws-sdk/client-s3';
import { ChunkList } from './chunk-list.ts';
import type { Completion, ObjectFacts, ObjectUpload } from './object-store.ts';
import { s3Error, statusOf } from './s3-error.ts';
import type { S3Store } from './s3-store.ts';

/** S3's least size of a part that is not the last, and its greatest number of parts. */
const LEAST_PART_BYTES = 5_242_880;
const MOST_PARTS = 10_000;
/** From this part on parts double in size every 1,000, so that 10,000 of them reach S3's limit of an object. */
const GROW_EVERY = 1_000;

/**
 * One object: a single put while it fits one part, a multipart upload beyond. Parts are sent one
 * after the other, so at most one part and what came since is in memory.
 */
export class S3Upload implements ObjectUpload {
  readonly #store: S3Store;
  readonly #name: string;
  readonly #parts: CompletedPart[] = [];
  readonly #chunks = new ChunkList();
  #uploadId: string | null = null;

  constructor(store: S3Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  get bufferedBytes(): number {
    return this.#chunks.bytes;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.add(chunk);
  }

  async drain(early: boolean, signal: AbortSignal): Promise<void> {
    const enough = early ? LEAST_PART_BYTES : this.#partBytes();
    if (this.#chunks.bytes >= enough && this.#parts.length < MOST_PARTS - 1) await this.#sendPart(signal);
  }

  async complete(facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    const completion = await this.#complete(facts, signal);
    if (completion.kind === 'created') this.#store.env.crash?.('s3.after_object');
    return completion;
  }

  async #complete(facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    if (this.#uploadId === null) return this.#store.put(this.#name, this.#chunks.take(), facts, signal);
    if (this.#chunks.bytes > 0) await this.#sendPart(signal);
    const fixed = await this.#store.fixFacts(this.#name, facts, signal);
    if (fixed.kind === 'exists') {
      await this.abort();
      return fixed;
    }
    this.#store.env.crash?.('s3.after_facts');
    return this.#completeMultipart(facts, signal);
  }

  async abort(): Promise<void> {
    this.#chunks.clear();
    const UploadId = this.#uploadId;
    if (UploadId === null) return;
    this.#uploadId = null;
    const { sdk, client, bucket: Bucket } = this.#store;
    // Parts of an upload that cannot be aborted now are removed by the bucket's lifecycle rule.
    await client
      .send(new sdk.AbortMultipartUploadCommand({ Bucket, Key: this.#name, UploadId }))
      .catch(() => undefined);
  }

  async #completeMultipart(facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    const { sdk, client, bucket: Bucket, condition } = this.#store;
    const UploadId = this.#uploadId ?? '';
    const MultipartUpload = { Parts: this.#parts };
    try {
      await client.send(
        new sdk.CompleteMultipartUploadCommand({ Bucket, Key: this.#name, UploadId, MultipartUpload, ...condition }),
        { abortSignal: signal },
      );
      this.#uploadId = null;
      return { kind: 'created' };
    } catch (error) {
      return this.#notCompleted(error, facts, signal);
    }
  }

  /** 412: the object is there. An upload that is gone may have been completed by a request whose answer was lost. */
  async #notCompleted(error: unknown, facts: ObjectFacts, signal: AbortSignal): Promise<Completion> {
    const gone = statusOf(error) === 404 && error instanceof Error && error.name === 'NoSuchUpload';
    if (statusOf(error) === 412 || (gone && (await this.#store.exists(this.#name, signal)))) {
      await this.abort();
      return { kind: 'exists', facts: (await this.#store.facts(this.#name, signal)) ?? null };
    }
    throw s3Error(`completing ${this.#store.shown}${this.#name} up to offset ${facts.lastOffset}`, error);
  }

  async #sendPart(signal: AbortSignal): Promise<void> {
    const { sdk, client, bucket: Bucket } = this.#store;
    const PartNumber = this.#parts.length + 1;
    try {
      this.#uploadId ??= await this.#begin(signal);
      const Body = this.#chunks.take();
      const sent = await client.send(
        new sdk.UploadPartCommand({
          Bucket,
          Key: this.#name,
          UploadId: this.#uploadId,
          PartNumber,
          Body,
          ChecksumAlgorithm: 'CRC32',
        }),
        { abortSignal: signal },
      );
      const checksum = sent.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: sent.ChecksumCRC32 };
      this.#parts.push({ PartNumber, ETag: sent.ETag, ...checksum });
      this.#store.env.crash?.('s3.after_part');
    } catch (error) {
      throw s3Error(`sending part ${PartNumber} of ${this.#store.shown}${this.#name}`, error);
    }
  }

  async #begin(signal: AbortSignal): Promise<string> {
    const { sdk, client, bucket: Bucket, writing } = this.#store;
    const begun = await client.send(
      new sdk.CreateMultipartUploadCommand({ Bucket, Key: this.#name, ChecksumAlgorithm: 'CRC32', ...writing }),
      { abortSignal: signal },
    );
    if (begun.UploadId === undefined) throw new Error('the store gave no upload id');
    return begun.UploadId;
  }

  #partBytes(): number {
    return this.#store.partBytes * 2 ** Math.floor(this.#parts.length / GROW_EVERY);
  }
}
