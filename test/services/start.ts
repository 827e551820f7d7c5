import { startPostgres } from './postgres.ts';
import { startS3 } from './s3.ts';

/** `npm run services`: real servers for a developer, until Ctrl-C. */
const postgres = await startPostgres();
console.log(`Postgres 18   ${postgres.url}`);
const s3 = await startS3();
if ('missing' in s3) console.log(`S3            ${s3.missing}`);
else
  console.log(`S3            ${s3.url} bucket ${s3.bucket}, key ${s3.accessKey}, secret ${s3.secretKey} (${s3.name})`);
console.log('Ctrl-C stops them.');
await new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
await postgres.stop();
if ('stop' in s3) await s3.stop();
