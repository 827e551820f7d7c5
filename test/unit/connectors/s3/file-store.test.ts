import { expect, test } from 'vitest';
import { FileStore } from '../../../../connectors/s3/store/file-store.ts';
import { realEnv as env } from '../../../../runtime/env/real.ts';

test.runIf(process.platform === 'linux')(
  'a folder that cannot be made is an error that names store.url, and ends',
  async () => {
    const place = { root: '/proc/millrace', hiddenFolder: '.millrace', topicsDir: 'topics' };
    const store = new FileStore({ ...place, connector: 'c', owner: 'c-0', conditional: true, env });
    await expect(store.claim([{ name: 'orders-0' }])).rejects.toMatchObject({
      code: 'S3_FOLDER_DENIED',
      kind: 'permission',
      key: 'store.url',
      message: expect.stringContaining('/proc/millrace'),
    });
  },
);
