import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Env } from '../../../runtime/env/env.ts';
import type { S3Options } from '../options.ts';
import { FileStore } from './file-store.ts';
import type { ObjectStore } from './object-store.ts';

interface StoreRequest {
  readonly options: S3Options;
  readonly connector: string;
  /** Of the connector and its task. */
  readonly owner: string;
  readonly env: Env;
}

/** The folder that takes the place of a bucket; null: there is none. */
export function localRoot({ 'store.url': url = '', 's3.bucket.name': bucket = '' }: LocalPlace): string | null {
  return url.startsWith('file:') ? join(fileURLToPath(url), bucket) : null;
}

type LocalPlace = Partial<Pick<S3Options, 'store.url' | 's3.bucket.name'>>;

/** The store that `store.url` and `s3.bucket.name` name; the AWS SDK is loaded only for S3. */
export async function openStore({ options, connector, owner, env }: StoreRequest): Promise<ObjectStore> {
  const root = localRoot(options);
  const conditional = options['enable.conditional.writes'];
  if (root !== null) {
    // Beside topics.dir: `topics/**` has finished files only.
    return new FileStore({
      root,
      hiddenFolder: '.millrace',
      // With another delimiter files are in the root itself.
      topicsDir: options['directory.delim'] === '/' ? options['topics.dir'] : '',
      connector: fileSafe(connector),
      owner: fileSafe(owner),
      conditional,
      env,
    });
  }
  const { openS3Store } = await import('./s3-store.ts');
  // Within topics.dir: permissions may end there.
  const topicsDir = options['topics.dir'];
  const hiddenFolder = topicsDir === '' ? '.millrace' : `${topicsDir}${options['directory.delim']}.millrace`;
  return openS3Store({ options, hiddenFolder, env });
}

/** Connector names may hold anything; a dot ends the owner in a file's name. */
function fileSafe(owner: string): string {
  return encodeURIComponent(owner).replaceAll('.', '%2E');
}
