import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../../connectors/postgres/catalog/table.ts';
import { columnCodec, hasBinary } from '../../../../../connectors/postgres/type/codec.ts';
import { DEFAULT_TYPE_OPTIONS, placeholderText } from '../../../../../connectors/postgres/type/options.ts';
import { Decimal } from '../../../../../runtime/record/decimal.ts';
import { arrayType, baseType, codecOf, columnOf, jsonOf, numericModifier, valueOf } from './columns.ts';

const text = baseType('text');
const int4 = baseType('int4');

const numeric = (precision: number, scale: number): Column =>
  columnOf(baseType('numeric'), { typmod: numericModifier(precision, scale) });
const digits = (moneyFractionDigits: number): unknown =>
  valueOf(codecOf(columnOf(baseType('money')), { decimal: 'string', moneyFractionDigits }), '-$2.55');
const placeholder = (name: string): unknown =>
  codecOf(columnOf(arrayType(baseType(name))), { unavailable: 'ab' }).unavailable;

describe('numeric', () => {
  it.each([
    [10, 2, '12345678.90', 'SZYC0g=='],
    [10, 2, '-0.01', '/w=='],
    [10, 2, '3.10', 'ATY='],
    [5, 0, '12345', 'MDk='],
    [30, 10, '12345678901234567890.0123456789', 'AY7pD/bDc+DuDATVFQ=='],
    [12, 2, '0.00', 'AA=='],
    [12, 2, '1.28', 'AIA='],
    [12, 2, '-1.28', 'gA=='],
    [12, 2, '-1.29', '/38='],
    [5, -2, '12300', 'ew=='],
    [5, -2, '0', 'AA=='],
  ])('(%i,%i) %s is %s', (precision, scale, cell, base64) => {
    expect(jsonOf(codecOf(numeric(precision, scale)), cell)).toBe(`"${base64}"`);
  });

  it('writes the bytes of the exact value, however large', () => {
    const codec = codecOf(numeric(38, 4));
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (unscaled) => {
        const decimal = new Decimal(unscaled, 4);
        expect(jsonOf(codec, decimal.toString())).toBe(JSON.stringify(decimal.toBytes().toString('base64')));
        expect(valueOf(codec, decimal.toString())).toEqual(decimal);
      }),
    );
  });

  it('without precision keeps the scale of each value', () => {
    const codec = codecOf(columnOf(baseType('numeric')));
    expect(jsonOf(codec, '12345.678900')).toBe('{"scale":6,"value":"At/cHDQ="}');
    expect(jsonOf(codec, '100000000000000000000')).toBe('{"scale":0,"value":"BWvHXi1jEAAA"}');
  });

  it('refuses what is no decimal, with the remedy, and shows it in the modes that can', () => {
    expect(() => jsonOf(codecOf(numeric(10, 2)), 'NaN')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_DECIMAL_SPECIAL', key: 'decimal.handling.mode', kind: 'data' }),
    );
    expect(jsonOf(codecOf(numeric(10, 2), { decimal: 'string' }), 'NaN')).toBe('"NaN"');
    expect(jsonOf(codecOf(numeric(10, 2), { decimal: 'double' }), '-Infinity')).toBe('"-Infinity"');
  });

  it('of a domain has the domain’s precision', () => {
    const cents = {
      ...baseType('cents'),
      kind: 'd' as const,
      base: baseType('numeric'),
      baseTypmod: numericModifier(12, 2),
    };
    const codec = codecOf(columnOf(cents));
    expect(codec.schema.parameters).toEqual({ scale: '2', 'connect.decimal.precision': '12' });
    expect(jsonOf(codec, '19.99')).toBe('"B88="');
  });
});

describe('money', () => {
  it.each([
    ['$1,234.56', '1234.56'],
    ['-$0.01', '-0.01'],
    ['$0.00', '0.00'],
    ['-$92,233,720,368,547,758.08', '-92233720368547758.08'],
  ])('%s is %s', (cell, shown) => {
    expect(valueOf(codecOf(columnOf(baseType('money')), { decimal: 'string' }), cell)).toBe(shown);
    expect(String(valueOf(codecOf(columnOf(baseType('money'))), cell))).toBe(shown);
  });

  it('has the fraction digits asked for', () => {
    expect([digits(0), digits(1), digits(4)]).toEqual(['-3', '-2.6', '-2.5500']);
  });
});

describe('arrays', () => {
  it.each([
    ['{1,NULL,-3}', '[1,null,-3]'],
    ['{}', '[]'],
    ['[0:1]={7,8}', '[7,8]'],
  ])('of numbers: %s is %s', (cell, json) => {
    expect(jsonOf(codecOf(columnOf(arrayType(int4))), cell)).toBe(json);
  });

  it('tell NULL from the text NULL, and unescape', () => {
    const codec = codecOf(columnOf(arrayType(text)));
    expect(jsonOf(codec, '{a,"b,c",NULL,"","NULL","q\\"\\\\",null}')).toBe(
      '["a","b,c",null,"","NULL","q\\"\\\\","null"]',
    );
  });

  it('of more dimensions are nested', () => {
    const codec = codecOf(columnOf(arrayType(int4), { dimensions: 2 }));
    expect(codec.schema.valueSchema?.type).toBe('array');
    expect(jsonOf(codec, '[2:3][-1:0]={{1,2},{3,NULL}}')).toBe('[[1,2],[3,null]]');
    expect(valueOf(codec, '{{1,2},{3,NULL}}')).toEqual([
      [1, 2],
      [3, null],
    ]);
  });

  it('that do not have the declared dimensions are refused, not bent', () => {
    const codec = codecOf(columnOf(arrayType(int4)));
    expect(() => jsonOf(codec, '{{1,2}}')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_ARRAY_DIMENSIONS', kind: 'data' }),
    );
  });

  it('that the source did not send are the placeholder in their items’ form', () => {
    expect(placeholder('text')).toEqual(['ab']);
    expect(placeholder('int4')).toEqual([97, 98]);
    expect(placeholder('int8')).toEqual([97n, 98n]);
    expect(placeholder('bool')).toBeUndefined();
  });
});

describe('bytes and bits', () => {
  it.each([
    ['bytes', '"AP8Q3g=="'],
    ['base64', '"AP8Q3g=="'],
    ['base64-url-safe', '"AP8Q3g=="'],
    ['hex', '"00ff10de"'],
  ] as const)('bytea as %s', (binary, json) => {
    expect(jsonOf(codecOf(columnOf(baseType('bytea')), { binary }), '\\x00ff10de')).toBe(json);
  });

  it('bytea in the alphabet of URLs is padded', () => {
    expect(jsonOf(codecOf(columnOf(baseType('bytea')), { binary: 'base64-url-safe' }), '\\xfbff')).toBe('"-_8="');
  });

  it.each([
    ['bit', 5, '10101', '"FQ=="'],
    ['varbit', 10, '101', '"BQ=="'],
    ['varbit', -1, '100000001', '"AQE="'],
    ['bit', 8, '00000000', '""'],
    ['bit', 1, '1', 'true'],
    ['bit', -1, '0', 'false'],
  ])('%s(%i) %s is %s', (name, typmod, cell, json) => {
    expect(jsonOf(codecOf(columnOf(baseType(name), { typmod })), cell)).toBe(json);
  });
});

describe('the placeholder', () => {
  it('is text, or the bytes of text', () => {
    expect(placeholderText('plain')).toBe('plain');
    expect(placeholderText('hex:c3bc21')).toBe('ü!');
  });

  it.each(['hex:c3', 'hex:abc', 'hex:zz'])('%s is refused', (option) => {
    expect(() => placeholderText(option)).toThrow(
      expect.objectContaining({ kind: 'config', key: 'unavailable.value.placeholder' }),
    );
  });
});

describe('other types', () => {
  it('point has coordinates and well-known binary', () => {
    expect(jsonOf(codecOf(columnOf(baseType('point'))), '(1.5,-2.25)')).toBe(
      '{"x":1.5,"y":-2.25,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAALA","srid":null}',
    );
  });

  it('hstore is a JSON text or a map', () => {
    const cell = '"a"=>"1", "b"=>NULL, "c d"=>"x\\"y"';
    expect(valueOf(codecOf(columnOf(baseType('hstore'))), cell)).toBe('{"a":"1","b":null,"c d":"x\\"y"}');
    expect(jsonOf(codecOf(columnOf(baseType('hstore'))), cell)).toBe(
      '"{\\"a\\":\\"1\\",\\"b\\":null,\\"c d\\":\\"x\\\\\\"y\\"}"',
    );
    expect(jsonOf(codecOf(columnOf(baseType('hstore')), { hstore: 'map' }), cell)).toBe(
      '{"a":"1","b":null,"c d":"x\\"y"}',
    );
    expect(valueOf(codecOf(columnOf(baseType('hstore')), { hstore: 'map' }), '')).toEqual(new Map());
  });

  it('pgvector’s types are arrays of numbers, sparse ones a struct', () => {
    expect(jsonOf(codecOf(columnOf(baseType('vector'))), '[1,0.5,-2]')).toBe('[1.0,0.5,-2.0]');
    expect(jsonOf(codecOf(columnOf(baseType('sparsevec'))), '{1:0.5,3:2}/5')).toBe(
      '{"dimensions":5,"vector":[[1,0.5],[3,2.0]]}',
    );
  });

  it('geometry is its extended well-known binary and its SRID', () => {
    const cell = '0101000020E6100000000000000000F03F0000000000000040';
    expect(valueOf(codecOf(columnOf(baseType('geometry'))), cell)).toEqual(
      Object.assign(Object.create(null), { wkb: Buffer.from(cell, 'hex'), srid: 4326 }),
    );
  });

  it('without a mapping are left out, or bytes of their text', () => {
    const box = columnOf(baseType('box'));
    expect(columnCodec(box, 'text', DEFAULT_TYPE_OPTIONS)).toBeNull();
    expect(jsonOf(codecOf(box, { unknown: true }), '(3,4),(1,2)')).toBe('"KDMsNCksKDEsMik="');
    expect(hasBinary(box.type)).toBe(false);
  });

  it('of unknown items are unknown', () => {
    expect(columnCodec(columnOf(arrayType(baseType('box'))), 'text', DEFAULT_TYPE_OPTIONS)).toBeNull();
  });
});

describe('any codec', () => {
  const types = [
    'bool',
    'int4',
    'int8',
    'float8',
    'numeric',
    'money',
    'text',
    'bytea',
    'bit',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'timetz',
    'interval',
    'point',
    'uuid',
    'hstore',
    'vector',
    'sparsevec',
  ];
  const columns = types.flatMap((name) => [columnOf(baseType(name)), columnOf(arrayType(baseType(name)))]);

  it.each(columns)('ends on bytes that the server would not send: $type.name', (column) => {
    const codec = codecOf(column);
    const cells = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.string({ unit: fc.constantFrom('{', '}', '"', '\\', ',', '1', '-', ':', '=', '>', ' ', '.') }),
    );
    fc.assert(
      fc.property(cells, (cell) => {
        for (const read of [jsonOf, valueOf]) {
          try {
            read(codec, cell);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
    );
  });
});
