import { beforeAll, describe, expect, test } from 'vitest';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';
import { pluginOptions } from '../../../runtime/cluster/plugin-catalog.ts';
import { configInfos } from '../../../runtime/connector/config-def.ts';
import { validateConfig } from '../../../runtime/connector/validate.ts';
import { NAMED_PREDICATES, NAMED_TRANSFORMS } from '../../../runtime/transform/names.ts';
import { PREDICATES, TRANSFORMS } from '../../../runtime/transform/registry.ts';
import { fileSource } from '../cluster/file-stream.ts';

const base = { name: 'c', 'connector.class': 'FileStreamSource', topic: 't' };
const errors = (config: Record<string, string>): [string, string][] =>
  validateConfig(fileSource, { ...base, ...config }, builtInCatalog).errors.map(({ key, message }) => [key, message]);

beforeAll(() => builtInCatalog.prepare?.());

describe('transforms among the plugins', () => {
  test('are listed by names that need none of their code: the same as it has', () => {
    const names = (
      kinds: readonly { readonly javaPackage: string; readonly name: string; readonly sided?: boolean }[],
    ) => kinds.map(({ javaPackage, name, sided }) => `${javaPackage}.${name} ${sided}`).toSorted();
    expect(names(NAMED_TRANSFORMS)).toEqual(names(TRANSFORMS));
    expect(names(NAMED_PREDICATES)).toEqual(names(PREDICATES));
  });

  test('are listed as Kafka Connect lists them', () => {
    const listed = builtInCatalog.list().filter(({ kind }) => kind === 'transformation' || kind === 'predicate');
    const names = listed.map(({ className }) => className);
    expect(names).toContain('org.apache.kafka.connect.transforms.Cast$Key');
    expect(names).toContain('io.debezium.transforms.outbox.EventRouter');
    expect(names.filter((name) => name.startsWith('org.apache.kafka.connect.transforms.predicates.'))).toHaveLength(3);
    expect(names.filter((name) => name.startsWith('org.apache.kafka.connect.transforms.')).length).toBe(26 + 3);
  });

  test('show their own options', async () => {
    const keys = await pluginOptions(builtInCatalog, 'org.apache.kafka.connect.transforms.MaskField$Value');
    expect(keys?.map(({ name }) => name)).toEqual([
      'fields',
      'replacement',
      'replace.null.with.default',
      'field.syntax.version',
    ]);
  });
});

describe('a configuration with transforms', () => {
  test('is answered with every option of theirs', () => {
    const config = { ...base, transforms: 'h', 'transforms.h.type': 'HoistField$Value', 'transforms.h.field': 'f' };
    const { sets, errors: found } = validateConfig(fileSource, config, builtInCatalog);
    const infos = configInfos('c', sets, config, found);
    const own = infos.configs.filter(({ definition }) => definition.group === 'Transforms: h');
    expect(infos.error_count).toBe(0);
    expect(own.map(({ value }) => [value.name, value.value])).toEqual([
      ['transforms.h.type', 'HoistField$Value'],
      ['transforms.h.plugin.version', null],
      ['transforms.h.predicate', null],
      ['transforms.h.negate', 'false'],
      ['transforms.h.field', 'f'],
      ['transforms.h.field.syntax.version', 'V1'],
    ]);
  });

  test.each([
    [
      { 'transforms.t.type': 'Cast$Value', 'transforms.t.spec': 'a:int9' },
      'transforms.t.spec',
      'Invalid type found in casting spec: int9',
    ],
    [{ 'transforms.t.type': 'Cast$Value' }, 'transforms.t.spec', 'Missing required configuration "transforms.t.spec"'],
    [
      { 'transforms.t.type': 'Filter', 'transforms.t.negate': 'perhaps' },
      'transforms.t.negate',
      'Expected value to be either true or false',
    ],
    [
      { 'transforms.t.type': 'Filter', 'transforms.t.predicat': 'x' },
      'transforms.t.predicat',
      'Did you mean transforms.t.predicate?',
    ],
    [
      { 'transforms.t.type': 'RegexRouter', 'transforms.t.regex': '(?<=a)b', 'transforms.t.replacement': '' },
      'transforms.t.regex',
      'Invalid regex',
    ],
    [{ 'transforms.t.type': 'ReplaceField' }, 'transforms.t.type', 'Class ReplaceField could not be found.'],
    [
      { 'transforms.t.type': 'HoistField' },
      'transforms.t.type',
      'Name what it changes, $Key or $Value: did you mean HoistField$Value or HoistField$Key?',
    ],
    [{ 'transforms.t.type': 'HoistFeild$Value' }, 'transforms.t.type', 'Did you mean HoistField$Value?'],
    [
      { 'transforms.t.type': 'org.apache.kafka.connect.transforms.RegexRoutr' },
      'transforms.t.type',
      'Did you mean org.apache.kafka.connect.transforms.RegexRouter?',
    ],
    [
      { predicates: 'p', 'predicates.p.type': 'RecordIsTombstoned', 'transforms.t.type': 'Filter' },
      'predicates.p.type',
      'Did you mean RecordIsTombstone?',
    ],
    [
      { 'transforms.t.type': 'FilterWhere', 'transforms.t.condition': 'value.a' },
      'transforms.t.condition',
      'needs a comparison',
    ],
    [{ 'transforms.t.type': 'InsertField$Value' }, 'transforms.t.topic.field', 'No field insertion configured'],
  ])('%j is refused by its key', (config, key, message) => {
    const found = errors({ transforms: 't', ...config });
    expect(found.map(([name]) => name)).toEqual([key]);
    expect(found[0]?.[1]).toContain(message);
  });
});
