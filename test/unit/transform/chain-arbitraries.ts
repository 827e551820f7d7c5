import fc from 'fast-check';
import type { Config } from './row-chains.ts';

const side = fc.constantFrom('$Key', '$Value', '$Value', '$Value');
const flag = fc.boolean().map(String);

/** A transform with options, as a part of a configuration. */
export function link(
  type: string,
  options: Readonly<Record<string, fc.Arbitrary<string | undefined>>>,
  sided = true,
): fc.Arbitrary<Config> {
  return fc
    .record({
      ...options,
      side: sided ? side : fc.constant(''),
      'replace.null.with.default': flag,
      'field.syntax.version': fc.constantFrom('V1', 'V2', 'V2'),
    })
    .map(({ side: of, ...own }) => {
      const given = Object.entries(own).filter(([, value]) => value !== undefined);
      return { type: `${type}${of}`, ...Object.fromEntries(given) } as Config;
    });
}
export const maybe = (some: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.option(some, { nil: undefined });

const condition = fc.constantFrom(
  "value.op in ('c', 'r')",
  "value.op = 'u' and value.after.a > 5",
  'value.before is null or value.a.b is not null',
  'header.h is null',
  "not value.source.table = 'orders'",
  'partition >= 2',
  'key is null',
  'timestamp > 5',
);

/** Kafka Connect's transforms, and some of the others, on fields of these names. */
export function linksOf(path: fc.Arbitrary<string>): readonly fc.Arbitrary<Config>[] {
  const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 2 }).map((list) => list.join(','));
  return [
    link('FilterWhere', { condition, keep: fc.constantFrom('matching', 'others') }, false),
    link(
      'RouteWhere',
      {
        condition: maybe(condition),
        topic: fc.constantFrom('to-${topic}', '${value.op}-${value.source.name}', '${value.b}'),
      },
      false,
    ),
    link('ReplaceField', {
      exclude: maybe(paths),
      include: maybe(paths),
      renames: maybe(fc.tuple(path, fc.constantFrom('x', 'a', 'b')).map(([from, to]) => `${from}:${to}`)),
    }),
    link('InsertField', {
      'static.field': path.map((name) => `${name}2`),
      'static.value': fc.constant('eu'),
      'topic.field': maybe(fc.constantFrom('t', 'a.t!')),
      'partition.field': maybe(fc.constantFrom('p', 'p!')),
      'timestamp.field': fc.option(fc.constant('ts'), { nil: undefined, freq: 10 }),
    }),
    link('HoistField', { field: path }),
    link('ExtractField', { field: path }),
    link('ValueToKey', { fields: paths }, false),
    link('SetSchemaMetadata', { 'schema.name': fc.constant('renamed'), 'schema.version': maybe(fc.constant('3')) }),
    link('RegexRouter', { regex: fc.constant('o(.*)'), replacement: fc.constantFrom('out-$1', 'orders') }, false),
    link('DropHeaders', { headers: fc.constantFrom('h', 'i,trace') }, false),
    link(
      'InsertHeader',
      { header: fc.constantFrom('h', 'trace'), 'value.literal': fc.constantFrom('text', '17', 'null') },
      false,
    ),
    link('HeaderFrom', {
      fields: path,
      headers: fc.constantFrom('h', 'from'),
      operation: fc.constantFrom('move', 'copy'),
    }),
    link('Flatten', { delimiter: fc.constantFrom('.', '_') }),
    link('MaskField', { fields: paths, replacement: maybe(fc.constantFrom('***', '12')) }),
    link('Filter', {}, false),
    link('Cast', {
      spec: fc
        .tuple(path, fc.constantFrom('string', 'int8', 'int32', 'int64', 'boolean', 'float64'))
        .map((two) => two.join(':')),
    }),
    link('Cast', { spec: fc.constantFrom('string', 'int64') }),
    link(
      'HeaderToValue',
      { headers: fc.constantFrom('h', 'h,i'), operation: fc.constantFrom('move', 'copy'), where: path },
      false,
    ),
    link(
      'ByLogicalTableRouter',
      {
        'topic.regex': fc.constant('o(.*)'),
        'topic.replacement': fc.constant('all-$1'),
        'key.enforce.uniqueness': flag,
      },
      false,
    ),
  ];
}

const PREDICATES: Config = {
  predicates: 'topic,empty,header,where',
  'predicates.where.type': 'Where',
  'predicates.where.condition': "value.op = 'u' or value.a = 'fixed' or topic matches 'it.*'",
  'predicates.topic.type': 'TopicNameMatches',
  'predicates.topic.pattern': 'o.*',
  'predicates.empty.type': 'RecordIsTombstone',
  'predicates.header.type': 'HasHeaderKey',
  'predicates.header.name': 'h',
};

/** A chain's configuration; some links with a predicate. */
export function chain(of: readonly fc.Arbitrary<Config>[], maxLength: number): fc.Arbitrary<Config> {
  const one = fc
    .tuple(fc.oneof(...of), fc.option(fc.constantFrom('topic', 'empty', 'header', 'where'), { freq: 4 }), flag)
    .map(([own, named, negate]) => {
      const { where, ...config } = own;
      const fields = where === undefined ? {} : { fields: config['headers'] === 'h' ? where : `${where},i` };
      const predicate = named ?? (own['type'] === 'Filter' ? 'topic' : null);
      return { ...config, ...fields, ...(predicate === null ? {} : { predicate, negate }) };
    });
  return fc.array(one, { minLength: 1, maxLength }).map((list) => {
    const aliases = list.map((_, i) => `t${i}`);
    const entries = list.flatMap((own, i) =>
      Object.entries(own).map(([key, value]) => [`transforms.t${i}.${key}`, value]),
    );
    return { ...PREDICATES, transforms: aliases.join(','), ...Object.fromEntries(entries) };
  });
}
