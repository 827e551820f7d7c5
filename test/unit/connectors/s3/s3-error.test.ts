import { describe, expect, it } from 'vitest';
import { s3Error } from '../../../../connectors/s3/store/s3-error.ts';

function answer(name: string, message: string, httpStatusCode: number): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
}

describe('an error of the store', () => {
  it.each(['Unknown', 'UnknownError', '403'])(
    'without a body (%s) says what was refused, and names both keys',
    (name) => {
      const error = s3Error('looking at s3://archive/', answer(name, name === '403' ? '' : 'UnknownError', 403));
      expect(error).toMatchObject({ code: 'S3_ACCESS_DENIED', kind: 'permission', key: 'aws.access.key.id' });
      expect(error.message).toBe('looking at s3://archive/: the store refuses these credentials (HTTP 403)');
      expect(error.remedy).toMatch(/^Correct aws\.access\.key\.id and aws\.secret\.access\.key\./);
    },
  );

  it('names the key that is wrong where the store says so', () => {
    const unknown = s3Error('x', answer('InvalidAccessKeyId', 'The key does not exist.', 403));
    expect(unknown).toMatchObject({
      code: 'S3_ACCESS_DENIED',
      key: 'aws.access.key.id',
      message: 'x: The key does not exist.',
    });
    const secret = s3Error('x', answer('SignatureDoesNotMatch', 'Check your secret.', 403));
    expect(secret).toMatchObject({ code: 'S3_ACCESS_DENIED', key: 'aws.secret.access.key' });
    expect(secret.remedy).toContain('aws.secret.access.key');
  });

  it('asks for permissions where the keys are right', () => {
    expect(s3Error('x', answer('AccessDenied', 'Access Denied', 403)).remedy).toMatch(/^Allow s3:PutObject/);
  });

  it('says whose environment lacks credentials', () => {
    const missing = Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' });
    expect(s3Error('x', missing)).toMatchObject({
      code: 'S3_CREDENTIALS_MISSING',
      remedy: expect.stringContaining('or give the worker credentials in its environment'),
    });
    expect(s3Error('x', missing, '`millrace verify`').remedy).toContain(
      'or give `millrace verify` credentials in its environment',
    );
  });

  it('says the status where it knows no more', () => {
    expect(s3Error('x', answer('UnknownError', 'UnknownError', 418)).message).toBe('x: HTTP 418');
  });
});
