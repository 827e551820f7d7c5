import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { RawConfig } from '../../../runtime/connector/options.ts';
import type { S3Server } from '../../services/s3.ts';

/** A test's view of its own folder in the server's bucket. */
export class Bucket {
  readonly server: S3Server;
  readonly client: S3Client;
  readonly folder: string;

  constructor(server: S3Server, folder: string) {
    this.server = server;
    this.folder = folder;
    this.client = new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
    });
  }

  /** A sink's configuration that writes here; `url`: through something in between. */
  config(more: RawConfig = {}, url = this.server.url): RawConfig {
    return {
      'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
      'store.url': url,
      's3.bucket.name': this.server.bucket,
      's3.region': 'us-east-1',
      'aws.access.key.id': this.server.accessKey,
      'aws.secret.access.key': this.server.secretKey,
      'topics.dir': this.folder,
      'retry.backoff.ms': '20',
      ...more,
    };
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({
          Bucket: this.server.bucket,
          Prefix: `${this.folder}/`,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
      names.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return names.map((name) => name.slice(this.folder.length + 1)).sort();
  }

  async metadata(name: string): Promise<Record<string, string>> {
    const head = await this.client.send(
      new HeadObjectCommand({ Bucket: this.server.bucket, Key: `${this.folder}/${name}` }),
    );
    return head.Metadata ?? {};
  }

  async bytes(name: string): Promise<Buffer> {
    const got = await this.client.send(
      new GetObjectCommand({ Bucket: this.server.bucket, Key: `${this.folder}/${name}` }),
    );
    return Buffer.from((await got.Body?.transformToByteArray()) ?? []);
  }

  async put(name: string, body: string): Promise<void> {
    const Key = `${this.folder}/${name}`;
    await this.client.send(new PutObjectCommand({ Bucket: this.server.bucket, Key, Body: body }));
  }

  /** Finished files, what is hidden left out. */
  async files(): Promise<Map<string, Buffer>> {
    const names = (await this.names()).filter((name) => !name.startsWith('.millrace/'));
    const files = new Map<string, Buffer>();
    for (const name of names) files.set(name, await this.bytes(name));
    return files;
  }

  async unfinishedUploads(): Promise<number> {
    const listed = await this.client.send(
      new ListMultipartUploadsCommand({ Bucket: this.server.bucket, Prefix: this.folder }),
    );
    return listed.Uploads?.length ?? 0;
  }
}
