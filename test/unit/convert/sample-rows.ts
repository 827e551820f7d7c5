import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJsonText } from '../../../runtime/record/json-text.ts';
import { RowBlock } from '../../../runtime/record/row-block.ts';
import type { LayoutNode, RowLayout } from '../../../runtime/record/row-layout.ts';
import { field, INT64, optional, STRING, structOf } from '../../../runtime/record/schema-builder.ts';
import type { Field, Schema } from '../../../runtime/record/schema.ts';

/** Cells of decimal digits. */
export const digitsCodec: CellCodec = {
  schema: INT64,
  json: () => (bytes, at, length, writer) => writer.copy(bytes, at, length),
  value: (bytes, at, length) => BigInt(bytes.toString('latin1', at, at + length)),
};

/** Cells of UTF-8 text. */
export const textCodec: CellCodec = {
  schema: STRING,
  json: () => (bytes, at, length, writer) => writeJsonText(writer, bytes, at, length),
  value: (bytes, at, length) => bytes.toString('utf8', at, at + length),
  unavailable: '__unavailable_value',
};

export function cell(index: number, codec: CellCodec, schema: Schema = codec.schema): LayoutNode {
  return { kind: 'cell', cell: index, schema, codec };
}

const constant = (value: string, schema: Schema = STRING): LayoutNode => ({ kind: 'constant', schema, value });
const nothing = (schema: Schema): LayoutNode => ({ kind: 'constant', schema: optional(schema), value: null });

/** Columns of a 208-byte row, and the bytes of one. */
const COLUMNS: readonly (readonly [string, CellCodec, string])[] = [
  ['id', digitsCodec, '1234567'],
  ['customer_id', digitsCodec, '98765'],
  ['status', textCodec, 'shipped'],
  ['amount', digitsCodec, '1299'],
  ['quantity', digitsCodec, '3'],
  ['name', textCodec, 'A customer with a name of some length'],
  ['email', textCodec, 'customer.98765@mail.example'],
  ['address', textCodec, '12 Long Street, 4711 Somewhere, upper floor on the left'],
  ['note', textCodec, 'please ring twice and leave it with the neighbour'],
  ['created_at', digitsCodec, '1795552431960518'],
];
const META = [
  '1795552431960',
  '1142848',
  '5946285800',
  '["5946285700","5946285800"]',
  '1795552431960518',
  '1795552431960518000',
];

/** An update of a change stream: an envelope of about 680 bytes of JSON around a row of ten columns. */
export function sampleLayout(): RowLayout {
  const row = structOf(
    COLUMNS.map(([name, codec]): Field => field(name, codec.schema)),
    { name: 'shop.public.orders.Value', optional: true },
  );
  const source: readonly (readonly [string, LayoutNode])[] = [
    ['version', constant('3.6.1.Final')],
    ['connector', constant('postgresql')],
    ['name', constant('shop')],
    ['ts_ms', cell(0, digitsCodec)],
    ['snapshot', constant('false')],
    ['db', constant('shop')],
    ['sequence', cell(3, textCodec)],
    ['ts_us', cell(4, digitsCodec)],
    ['ts_ns', cell(5, digitsCodec)],
    ['schema', constant('public')],
    ['table', constant('orders')],
    ['txId', cell(1, digitsCodec)],
    ['lsn', cell(2, digitsCodec)],
    ['xmin', nothing(INT64)],
  ];
  const value: readonly (readonly [string, LayoutNode])[] = [
    ['before', nothing(row)],
    ['after', { kind: 'struct', schema: row, fields: COLUMNS.map(([, codec], i) => cell(META.length + i, codec)) }],
    ['source', structNode('shop.Source', source)],
    ['transaction', nothing(STRING)],
    ['op', constant('u')],
    ['ts_ms', cell(0, digitsCodec)],
  ];
  return {
    topic: 'shop.public.orders',
    key: structNode('shop.public.orders.Key', [['id', cell(META.length, digitsCodec)]]),
    value: structNode('shop.public.orders.Envelope', value),
    headers: [],
    cells: META.length + COLUMNS.length,
  };
}

export function structNode(name: string, fields: readonly (readonly [string, LayoutNode])[]): LayoutNode {
  const schema = structOf(
    fields.map(([name, node]) => field(name, node.schema)),
    { name },
  );
  return { kind: 'struct', schema, fields: fields.map(([, node]) => node) };
}

/** A block of `count` rows of the sample layout; `cells` of a row are in the order of the layout. */
export function sampleBlock(layout: RowLayout, count: number): RowBlock {
  const texts = [...META, ...COLUMNS.map(([, , text]) => text)];
  const row = Buffer.from(texts.join(''));
  const block = new RowBlock(Buffer.alloc(row.length * count), count, count * texts.length);
  for (let i = 0; i < count; i++) {
    let at = row.copy(block.arena, i * row.length) * i;
    block.begin(layout, 1_795_552_431_960 + i);
    for (const text of texts) {
      block.cell(at, text.length);
      at += text.length;
    }
  }
  return block;
}
