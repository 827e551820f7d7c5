import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawConfig } from '../../runtime/connector/options.ts';
import type { Env } from '../../runtime/env/env.ts';
import type { S3Options } from './options.ts';
import { archivePrefix, namedAfter } from './partition/names-of-topic.ts';
import { parseConfig } from './settings.ts';
import { filesBelow } from './store/files-below.ts';
import { loadSdk, makeClient } from './store/s3-client.ts';
import { s3Error } from './store/s3-error.ts';

export interface ArchivedFilesCall {
  readonly config: RawConfig;
  readonly topic: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** An existing folder for what is fetched from a bucket. */
  readonly folder: string;
  /** The program that reads, as errors name it. */
  readonly reader?: string;
}

/** Local paths of a topic's finished files, companions among them; objects of a bucket are fetched first. */
export async function archivedFiles(call: ArchivedFilesCall): Promise<readonly string[]> {
  const options = parseConfig(call.config);
  const prefix = archivePrefix(options, call.config, call.topic);
  const url = options['store.url'] ?? '';
  if (!url.startsWith('file:')) return fetchObjects(call, options, prefix);
  const root = join(fileURLToPath(url), options['s3.bucket.name'] ?? '');
  // In a folder names with other delimiters are names of files in the root itself.
  const start = join(root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
  const rest = prefix.slice(prefix.lastIndexOf('/') + 1);
  const files = (await filesBelow(start, call.env)).filter((path) => path.slice(start.length).startsWith(rest));
  const isOfTopic = namedAfter(options, call.topic);
  return files.filter((path) => isOfTopic(path.slice(root.length)));
}

async function fetchObjects(call: ArchivedFilesCall, options: S3Options, prefix: string): Promise<string[]> {
  const { env, signal, folder } = call;
  const sdk = await loadSdk();
  const client = makeClient(sdk, options);
  const Bucket = options['s3.bucket.name'] ?? '';
  const paths: string[] = [];
  const isOfTopic = namedAfter(options, call.topic);
  try {
    const pages = sdk.paginateListObjectsV2({ client }, { Bucket, Prefix: prefix }, { abortSignal: signal });
    for await (const { Contents = [] } of pages) {
      for (const { Key = '' } of Contents.filter(({ Key = '' }) => isOfTopic(Key))) {
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }), { abortSignal: signal });
        const path = join(folder, `${paths.length}-${basename(Key)}`);
        await env.files.writeFile(path, (await Body?.transformToByteArray()) ?? new Uint8Array(0));
        paths.push(path);
      }
    }
    return paths;
  } catch (error) {
    signal.throwIfAborted();
    throw s3Error(`fetching s3://${Bucket}/${prefix}`, error, call.reader);
  } finally {
    client.destroy();
  }
}
