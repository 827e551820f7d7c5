import { describe, expect, test } from 'vitest';
import { refuseArchive, refuseSource } from '../../../../runtime/app/verify/comparable.ts';

const source =
  (config: Record<string, string>, worker: Record<string, string> = {}) =>
  (): void =>
    refuseSource('shop', { config, worker });
const archive = (config: Record<string, string>) => (): void => refuseArchive('lake', { config, worker: {} });

const chain = (...types: string[]): Record<string, string> => ({
  transforms: types.map((_, n) => `t${n}`).join(', '),
  ...Object.fromEntries(types.map((type, n) => [`transforms.t${n}.type`, type])),
});

describe('a source', () => {
  test.each([
    'io.debezium.transforms.ExtractNewRecordState',
    'org.apache.kafka.connect.transforms.MaskField$Value',
    'RegexRouter',
    'ByLogicalTableRouter',
    'Filter',
    'PartitionRouting',
    'ValueToKey',
    'com.example.Mine',
  ])('with the transform %s is refused by name', (type) => {
    expect(source(chain('InsertHeader', type))).toThrowError(
      expect.objectContaining({ code: 'VERIFY_TRANSFORMED', kind: 'config', key: 'transforms' }),
    );
  });

  test('with transforms of headers is compared', () => {
    const copied = { ...chain('InsertHeader', 'DropHeaders', 'HeaderFrom$Value'), 'transforms.t2.operation': 'copy' };
    expect(source(copied)).not.toThrow();
    expect(source({ transforms: '' })).not.toThrow();
  });

  test('is refused where the value moves into a header, or the header of a key change is lost', () => {
    expect(source({ ...chain('HeaderFrom$Value'), 'transforms.t0.operation': 'move' })).toThrow(/HeaderFrom/);
    expect(source({ ...chain('DropHeaders'), 'transforms.t0.headers': 'a, __debezium.oldkey' })).toThrow(/DropHeaders/);
  });

  test.each(['key.converter', 'value.converter'])('whose %s is not JSON is refused, the worker’s too', (key) => {
    const refused = expect.objectContaining({ code: 'VERIFY_CONVERTER', kind: 'config', key });
    expect(source({ [key]: 'org.apache.kafka.connect.storage.StringConverter' })).toThrowError(refused);
    expect(source({}, { [key]: 'bytes' })).toThrowError(refused);
    expect(source({ [key]: 'org.apache.kafka.connect.json.JsonConverter' }, { [key]: 'bytes' })).not.toThrow();
  });
});

describe('the archive of a sink', () => {
  test('is compared where transforms only name topics and headers', () => {
    expect(archive(chain('RegexRouter', 'TimestampRouter', 'InsertHeader'))).not.toThrow();
  });

  test('is refused where they change, or leave out, events', () => {
    expect(archive(chain('ExtractNewRecordState'))).toThrowError(
      expect.objectContaining({ code: 'VERIFY_TRANSFORMED', key: 'transforms' }),
    );
    expect(archive(chain('Filter'))).toThrow(/VERIFY_TRANSFORMED|Filter/);
    expect(archive({ 'value.converter': 'string' })).toThrowError(
      expect.objectContaining({ code: 'VERIFY_CONVERTER' }),
    );
  });
});
