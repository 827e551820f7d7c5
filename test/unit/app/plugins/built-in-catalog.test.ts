import { expect, test } from 'vitest';
import { builtInCatalog } from '../../../../runtime/app/plugins/built-in-catalog.ts';

test.each(['s3', 'io.confluent.connect.s3.S3SinkConnector', 'S3SinkConnector', 'S3Sink', ' S3 '])(
  'the kind of %s is known by the name its connector is loaded by',
  async (name) => {
    expect(builtInCatalog.kindOf(name)).toBe('sink');
    expect((await builtInCatalog.connector(name))?.kind).toBe('sink');
  },
);

test('what does not exist has no kind', () => {
  expect(builtInCatalog.kindOf('s4')).toBeNull();
});
