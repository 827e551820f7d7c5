/**
 * Cost of a row's cells: ten columns of common types from raw bytes to JSON, for both formats, in CPU time.
 * Run: node test/bench/postgres-cells.ts
 */
import type { Column, PgType } from '../../connectors/postgres/catalog/table.ts';
import { columnCodec, type CellFormat } from '../../connectors/postgres/type/codec.ts';
import { DEFAULT_TYPE_OPTIONS } from '../../connectors/postgres/type/options.ts';
import { ByteWriter } from '../../runtime/record/byte-writer.ts';

const ROWS = 300_000;
const type = (oid: number, name: string): PgType => ({ oid, schema: 'pg_catalog', name, kind: 'b', binary: true });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** Type, modifier, text cell, binary cell. */
const COLUMNS: readonly (readonly [PgType, number, Buffer, Buffer])[] = [
  [type(20, 'int8'), -1, Buffer.from('1234567'), hex('000000000012d687')],
  [type(23, 'int4'), -1, Buffer.from('4711'), hex('00001267')],
  [type(25, 'text'), -1, Buffer.from('a customer name'), Buffer.from('a customer name')],
  [type(1043, 'varchar'), 68, Buffer.from('someone@example.org'), Buffer.from('someone@example.org')],
  [type(1700, 'numeric'), ((10 << 16) | 2) + 4, Buffer.from('12345.67'), hex('0003 0001 0000 0002 0001 0929 1a2c')],
  [type(1184, 'timestamptz'), -1, Buffer.from('2026-11-24 11:14:15.123456+00'), hex('000303fe3a9b2c40')],
  [type(1114, 'timestamp'), -1, Buffer.from('2026-11-24 11:14:15.123456'), hex('000303fe3a9b2c40')],
  [type(16, 'bool'), -1, Buffer.from('t'), hex('01')],
  [
    type(2950, 'uuid'),
    -1,
    Buffer.from('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
    hex('a0eebc999c0b4ef8bb6d6bb9bd380a11'),
  ],
  [type(1082, 'date'), -1, Buffer.from('2026-11-24'), hex('00002662')],
];

for (const format of ['text', 'binary'] as const) measure(format);

function measure(format: CellFormat): void {
  const cells = COLUMNS.map(([, , text, binary]) => (format === 'text' ? text : binary));
  const arena = Buffer.concat(cells);
  let at = 0;
  const steps = COLUMNS.map(([pgType, typmod], i) => {
    const column: Column = {
      name: `c${i}`,
      attnum: i + 1,
      type: pgType,
      typmod,
      dimensions: 0,
      notNull: true,
      generated: false,
    };
    const codec = columnCodec(column, format, DEFAULT_TYPE_OPTIONS);
    if (codec === null) throw new Error(pgType.name);
    const length = cells[i]?.length ?? 0;
    const step = { name: pgType.name, write: codec.json({ decimalFormat: 'BASE64' }), at, length };
    at += length;
    return step;
  });
  const writer = new ByteWriter(1 << 16);
  const run = (chosen: typeof steps): number => {
    const start = process.cpuUsage();
    for (let row = 0; row < ROWS; row++) {
      if (writer.length > 60_000) writer.reset();
      for (const { write, at: from, length } of chosen) write(arena, from, length, writer);
    }
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1000) / ROWS;
  };
  run(steps);
  const whole = Math.min(run(steps), run(steps), run(steps));
  process.stdout.write(`${format}: ${whole.toFixed(0)} ns a row of ${steps.length} columns\n`);
  for (const step of steps)
    process.stdout.write(`  ${step.name.padEnd(12)} ${Math.min(run([step]), run([step])).toFixed(0)} ns\n`);
}
