import { envelope, field, inputs, record, structOf, timestamp, type Case, type Json, type Object } from './data.ts';

const kafka = 'org.apache.kafka.connect.transforms.';
const headers: Json = [
  { key: 'one', value: envelope({ type: 'string', optional: false }, 'first') },
  { key: 'two', value: envelope({ type: 'int32', optional: true }, 2) },
  { key: 'one', value: envelope({ type: 'string', optional: false }, 'second') },
];

/** A configuration on every input, as value and as key. */
function onAll(name: string, config: Object): Case[] {
  return ['Value', 'Key'].flatMap((side) =>
    inputs.map(([what, input]) => ({
      name: `${name} ${side} ${JSON.stringify(config)}: ${what}`,
      class: `${kafka}${name}$${side}`,
      config,
      sink: true,
      records: [side === 'Value' ? record(input, { headers }) : record(null, { key: input, headers })],
    })),
  );
}

function one(name: string, config: Object, records: readonly ReturnType<typeof record>[], sink = true): Case {
  return { name: `${name} ${JSON.stringify(config)}`, class: `${kafka}${name}`, config, sink, records };
}

const casts = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'];
const castable = [
  'i8',
  'i16',
  'i32',
  'i64',
  'f32',
  'f64',
  'bool',
  'str',
  'bin',
  'dec',
  'day',
  'clock',
  'at',
  'list',
  'map',
  'none',
  'unset',
];
const texts = [
  '17',
  '-129',
  '1.5',
  ' 3',
  '+4',
  'TRUE',
  'yes',
  '',
  '99999999999',
  '1e3',
  '2.5f',
  'abc',
  '9223372036854775808',
];
const numbers: readonly [string, Json][] = [
  ['double', 3.99],
  ['double', -3.99],
  ['double', 1e20],
  ['double', 300.7],
  ['double', 0.4],
  ['double', 1e-7],
  ['double', 12345678.9],
  ['float', 0.1],
  ['float', 16777216],
  ['int64', 4294967299],
  ['int64', -9007199254740991],
  ['int32', 200],
  ['boolean', false],
];

function castCases(): Case[] {
  const whole = (type: Json, value: Json, to: string): Case =>
    one('Cast$Value', { spec: to }, [record(envelope({ type, optional: true } as Json, value))]);
  return [
    ...castable
      .flatMap((name) => casts.map((to) => ({ name, to })))
      .flatMap(({ name, to }) =>
        inputs.slice(0, 1).map(([, input]) => one('Cast$Value', { spec: `${name}:${to}` }, [record(input)])),
      ),
    ...texts.flatMap((text) => casts.map((to) => whole('string', text, to))),
    ...numbers.flatMap(([type, value]) => casts.map((to) => whole(type, value, to))),
    ...casts.flatMap((to) => onAll('Cast', { spec: to })),
    ...onAll('Cast', { spec: 'a:string,b:boolean,missing:int8' }),
    ...onAll('Cast', { spec: 'unset:string', 'replace.null.with.default': 'false' }),
    ...['int99', 'a:b:c', 'int8,int16', 'a:bytes', 'a:int8,int16', ''].map((spec) => one('Cast$Value', { spec }, [])),
  ];
}

const formats = [
  'yyyy-MM-dd HH:mm:ss',
  "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
  "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
  'yyMMdd',
  'EEE, d MMM yyyy hh:mm:ss a z',
  'EEEE MMMM dd G k K u D F w W',
  "''yyyy''DDD",
  'YYYY-ww',
  'SSSSSS',
];

function timeCases(): Case[] {
  const instants = [0, 1709210096789, -1, -86400001, 951782400000, 4102444799999, 1703980800000, 1735603200000];
  const schemas: [Object, (ms: number) => Json][] = [
    [{ type: 'int64', optional: false, ...timestamp }, (ms) => ms],
    [{ type: 'int64', optional: true }, (ms) => ms],
    [
      { type: 'int32', optional: false, name: 'org.apache.kafka.connect.data.Date', version: 1 },
      (ms) => Math.floor(ms / 86400000),
    ],
    [
      { type: 'int32', optional: false, name: 'org.apache.kafka.connect.data.Time', version: 1 },
      (ms) => Math.abs(ms) % 86400000,
    ],
  ];
  const targets: Object[] = [
    { 'target.type': 'unix' },
    ...['seconds', 'microseconds', 'nanoseconds'].map((unit) => ({ 'target.type': 'unix', 'unix.precision': unit })),
    { 'target.type': 'Date' },
    { 'target.type': 'Time' },
    { 'target.type': 'Timestamp' },
    ...formats.map((format) => ({ 'target.type': 'string', format })),
  ];
  const texts: [string, string][] = [
    ['yyyy-MM-dd HH:mm:ss', '2024-02-29 12:34:56'],
    ['yyyy-MM-dd HH:mm:ss', '2024-2-9 1:2:3 and more'],
    ['yyyy-MM-dd HH:mm:ss', '2024-13-40 25:61:61'],
    ['yyyy-MM-dd HH:mm:ss', 'not a date'],
    ['yyyyMMddHHmmss', '20240229123456'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSX", '2024-02-29T12:34:56.789+02'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '2024-02-29T12:34:56.789Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX", '2024-02-29T12:34:56.123456-05:30'],
    ["yyyy-MM-dd'T'HH:mm:ssZ", '2024-02-29T12:34:56+0530'],
    ['EEE, dd MMM yyyy hh:mm a z', 'Thu, 29 feb 2024 12:34 PM GMT'],
    ['dd MMMM yyyy', '29 February 2024'],
    ['dd.MM.yy', '29.02.24'],
    ['yyyy DDD', '2024 060'],
  ];
  return [
    ...schemas.flatMap(([schema, form]) =>
      targets.map((config) =>
        one(
          'TimestampConverter$Value',
          config,
          instants.map((ms) => record(envelope(schema, form(ms)))),
        ),
      ),
    ),
    ...texts.flatMap(([format, text]) =>
      ['Timestamp', 'unix', 'Date'].map((to) =>
        one('TimestampConverter$Value', { 'target.type': to, format }, [
          record(envelope({ type: 'string', optional: false }, text)),
          record(envelope(null, text)),
        ]),
      ),
    ),
    ...['day', 'clock', 'at', 'i64', 'i32', 'str', 'none', 'gone'].flatMap((name) =>
      ['unix', 'Timestamp'].flatMap((to) =>
        onAll('TimestampConverter', { field: name, 'target.type': to, format: 'yyyy' }),
      ),
    ),
    ...['ts', 's', 'a', 'b', 'd', 'c'].flatMap((name) =>
      onAll('TimestampConverter', { field: name, 'target.type': 'string', format: 'yyyy-MM-dd HH:mm:ss' }),
    ),
    ...onAll('TimestampConverter', { 'target.type': 'unix' }),
    ...onAll('TimestampConverter', { 'target.type': 'unix', 'unix.precision': 'microseconds' }),
    one('TimestampConverter$Value', { 'target.type': 'string' }, []),
    one('TimestampConverter$Value', { 'target.type': 'string', format: 'yyyy-bb' }, []),
    ...['yyyyMMdd', 'HH', "yyyy'w'ww"].map((format) =>
      one(
        'TimestampRouter',
        { 'timestamp.format': format },
        instants.map((ms) => record(null, { timestamp: ms })),
      ),
    ),
    one('TimestampRouter', { 'topic.format': '${timestamp}_${topic}_${topic}$1' }, [
      record(null),
      record(null, { timestamp: null }),
    ]),
  ];
}

function routing(): Case[] {
  const topics = ['topic', 'server.public.orders', 'a-1', 'b'].map((topic) => record(null, { topic, headers }));
  const routes: [string, string][] = [
    ['(.*)', '$1-x'],
    ['server\\.(\\w+)\\.(\\w+)', '$2_$1'],
    ['(?<name>[a-z])-(\\d)', '${name}$2'],
    ['top', 'never'],
    ['(a)?-?.*', '[$1]'],
    ['topic', 'plain\\$1'],
  ];
  return [
    ...routes.map(([regex, replacement]) => one('RegexRouter', { regex, replacement }, topics)),
    one('RegexRouter', { regex: '(', replacement: '' }, []),
    one('Filter', {}, topics),
    one('DropHeaders', { headers: 'one' }, topics),
    one('DropHeaders', { headers: 'two,three' }, topics),
    ...['text', '5', '300', '2.5', 'true', '2024-02-29', '12:34:56.000Z', 'null', '', ' padded '].map((literal) =>
      one('InsertHeader', { header: 'new', 'value.literal': literal }, topics.slice(0, 1)),
    ),
    one('predicates.HasHeaderKey', { name: 'two' }, topics),
    one('predicates.HasHeaderKey', { name: 'three' }, topics),
    one('predicates.RecordIsTombstone', {}, [
      record(null),
      record(envelope(null, 1)),
      record(envelope({ type: 'string', optional: true }, null)),
    ]),
    one('predicates.TopicNameMatches', { pattern: 'a-\\d|b' }, topics),
    one('predicates.TopicNameMatches', { pattern: 'top' }, topics),
  ];
}

function fields(): Case[] {
  return [
    ...onAll('ReplaceField', { exclude: 'b,i32,id' }),
    ...onAll('ReplaceField', { include: 'a,c,str,unset,in' }),
    ...onAll('ReplaceField', { include: 'a,b,str,i8', exclude: 'b,i8', renames: 'a:z,str:text' }),
    ...onAll('ReplaceField', { renames: 'a:b2,i8:i9,id:key' }),
    ...onAll('ReplaceField', { exclude: 'i8', 'replace.null.with.default': 'false' }),
    one('ReplaceField$Value', { renames: 'a' }, []),
    ...['a', 'id', 'str', 'unset', 'in', 'list', 'missing', 'a.b'].flatMap((name) =>
      onAll('ExtractField', { field: name }),
    ),
    ...onAll('ExtractField', { field: 'unset', 'replace.null.with.default': 'false' }),
    ...['in.x', 'in.y', 'out.deep.x', '`a.b`', 'd.g.h', 'in.missing', 'id.x', 'd.f.x'].flatMap((name) =>
      onAll('ExtractField', { field: name, 'field.syntax.version': 'V2' }),
    ),
    one('ExtractField$Value', { field: '`a', 'field.syntax.version': 'V2' }, []),
    ...onAll('Flatten', {}),
    ...onAll('Flatten', { delimiter: '_' }),
    ...onAll('HoistField', { field: 'wrapped' }),
    ...onAll('HeaderFrom', { fields: 'a,c', headers: 'ha,hc', operation: 'copy' }),
    ...onAll('HeaderFrom', { fields: 'str,unset', headers: 'hs,hu', operation: 'move' }),
    ...onAll('HeaderFrom', { fields: 'id,a', headers: 'hi,ha', operation: 'move' }),
    ...onAll('HeaderFrom', { fields: 'in', headers: 'h', operation: 'move' }),
    one('HeaderFrom$Value', { fields: 'a,b', headers: 'h', operation: 'move' }, []),
    ...onAll('InsertField', {
      'topic.field': 'nt',
      'partition.field': 'np!',
      'offset.field': 'no?',
      'timestamp.field': 'nts',
    }),
    ...onAll('InsertField', { 'static.field': 'fixed!', 'static.value': 'v' }),
    ...onAll('InsertField', { 'static.field': 'id', 'static.value': 'v' }),
    ...onAll('InsertField', { 'timestamp.field': 'n!', 'replace.null.with.default': 'false' }),
    one('InsertField$Value', {}, []),
    one('InsertField$Value', { 'static.field': 'f' }, []),
    one('InsertField$Value', { 'offset.field': 'o' }, [record(envelope(null, {}))], false),
    one(
      'InsertField$Value',
      { 'partition.field': 'p', 'timestamp.field': 't' },
      [
        record(envelope(null, { a: 1 }), { partition: null, timestamp: null }),
        record(envelope(structOf([field('a', 'int32')]), { a: 1 }), { partition: null, timestamp: null }),
      ],
      false,
    ),
    ...onAll('MaskField', { fields: 'i8,i16,i32,i64,f32,f64,bool,str,day,clock,at,list,map,none,unset' }),
    ...onAll('MaskField', { fields: 'dec' }),
    ...onAll('MaskField', { fields: 'bin' }),
    ...onAll('MaskField', { fields: 'in' }),
    ...onAll('MaskField', { fields: 'a,b,c,d,t,ts,missing' }),
    ...onAll('MaskField', { fields: 'i8,i16,i32,i64,f32,f64,str,a,ts,b', replacement: '300' }),
    ...onAll('MaskField', { fields: 'f32,f64,i32,str,a', replacement: '12.75' }),
    ...onAll('MaskField', { fields: 'str,b', replacement: 'xxx' }),
    ...['i8', 'i32', 'i64', 'f64', 'bool', 'dec', 'day', 'bin', 'list', 'a', 't', 'd'].flatMap((name) =>
      onAll('MaskField', { fields: name, replacement: 'xxx' }),
    ),
    ...onAll('SetSchemaMetadata', { 'schema.name': 'new.Name' }),
    ...onAll('SetSchemaMetadata', { 'schema.name': 'new.Name', 'schema.version': '9' }),
    ...onAll('SetSchemaMetadata', { 'schema.version': '9', 'replace.null.with.default': 'false' }),
    one('SetSchemaMetadata$Value', {}, []),
    ...inputs.flatMap(([, input]) =>
      ['a,c', 'str,unset', 'id,in', 'missing'].map((list) => one('ValueToKey', { fields: list }, [record(input)])),
    ),
    ...inputs.map(([, input]) =>
      one('ValueToKey', { fields: 'unset', 'replace.null.with.default': 'false' }, [record(input)]),
    ),
  ];
}

export function kafkaCases(): readonly Case[] {
  return [...castCases(), ...timeCases(), ...routing(), ...fields()];
}
