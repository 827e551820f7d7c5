import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Catalog } from '../../../connectors/postgres/catalog/catalog.ts';
import type { Column } from '../../../connectors/postgres/catalog/table.ts';
import { columnCodec, hasBinary } from '../../../connectors/postgres/type/codec.ts';
import { DEFAULT_TYPE_OPTIONS, type TypeOptions } from '../../../connectors/postgres/type/options.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { writeJson } from '../../../runtime/record/value-json.ts';
import { TESTED_VERSION } from '../../services/postgres-versions.ts';
import { startPostgres, type PostgresServer } from '../../services/postgres.ts';
import { SESSION, typeSamples } from './type-samples.ts';

/** Every value of every option. */
const VARIANTS: readonly Partial<TypeOptions>[] = [
  {},
  { decimal: 'string', time: 'connect', interval: 'string', binary: 'base64', hstore: 'map' },
  { decimal: 'double', time: 'microseconds', binary: 'hex' },
  { time: 'isostring', binary: 'base64-url-safe', moneyFractionDigits: 4 },
  { time: 'adaptive_time_microseconds', moneyFractionDigits: 0, unknown: true },
];
const SAMPLES = 150;

describe('binary and text cells', () => {
  let server: PostgresServer;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    client = new pg.Client(server.url);
    await client.connect();
    await client.query(SESSION);
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  for (const { type, values } of typeSamples(TESTED_VERSION)) {
    it(`of ${type} give equal values and equal JSON`, async () => {
      const samples = fc.sample(values, { numRuns: SAMPLES, seed: 20261125 });
      const column = await columnOf(client, type);
      const cells = await readCells(client, type, samples, hasBinary(column.type));
      expect(cells.length).toBe(samples.length);
      for (const variant of VARIANTS) {
        const options = { ...DEFAULT_TYPE_OPTIONS, ...variant };
        const text = columnCodec(column, 'text', options);
        const binary = columnCodec(column, 'binary', options);
        if (text === null || binary === null) throw new Error(`${type} has no codec`);
        expect(binary.schema).toEqual(text.schema);
        fits(text);
        for (const [i, cell] of cells.entries()) compare(text, binary, cell, `${type} ${samples[i]}`);
      }
    });
  }
});

/** What stands for an unchanged value is a value of the type. */
function fits({ schema, unavailable }: CellCodec): void {
  if (unavailable === undefined) return;
  writeJson(new ByteWriter(), schema, unavailable, { decimalFormat: 'BASE64', replaceNullWithDefault: false });
}

interface Cell {
  readonly text: Buffer;
  readonly binary: Buffer;
}

function compare(text: CellCodec, binary: CellCodec, cell: Cell, what: string): void {
  const fromText = result(text, cell.text);
  const fromBinary = result(binary, cell.binary);
  expect({ what, result: fromBinary }).toEqual({ what, result: fromText });
  if (typeof fromText === 'string') return;
  const generic = new ByteWriter();
  writeJson(generic, text.schema, fromText.value, { decimalFormat: 'BASE64', replaceNullWithDefault: false });
  expect({ what, json: generic.view().toString() }).toEqual({ what, json: fromText.json });
}

/** Value and JSON, or the code of the error. Bytes before and after the cell are others' (arenas are shared). */
function result(
  codec: CellCodec,
  cell: Buffer,
): string | { json: string; numeric: string; value: ReturnType<CellCodec['value']> } {
  const arena = Buffer.concat([Buffer.from('9"{'), cell, Buffer.from('9"}')]);
  try {
    const write = (decimalFormat: 'BASE64' | 'NUMERIC'): string => {
      const writer = new ByteWriter(16);
      codec.json({ decimalFormat })(arena, 3, cell.length, writer);
      return writer.view().toString();
    };
    return { json: write('BASE64'), numeric: write('NUMERIC'), value: codec.value(arena, 3, cell.length) };
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function columnOf(client: pg.Client, type: string): Promise<Column> {
  await client.query(`DROP TABLE IF EXISTS probe; CREATE TABLE probe (c ${type})`);
  const catalog = new Catalog({});
  await catalog.load({
    query: async (_doing, text, values) => {
      const config = { text, values: [...(values ?? [])], types: { getTypeParser: () => (value: string) => value } };
      return (await client.query<Record<string, string | null>>(config)).rows;
    },
  });
  const column = catalog.tables().find(({ name }) => name === 'probe')?.columns[0];
  if (column === undefined) throw new Error(`no column of ${type}`);
  return column;
}

async function readCells(
  client: pg.Client,
  type: string,
  samples: readonly string[],
  binary: boolean,
): Promise<Cell[]> {
  await client.query('TRUNCATE probe');
  await client.query(
    `INSERT INTO probe SELECT v::${type} FROM unnest($1::text[]) WITH ORDINALITY AS s (v, n) ORDER BY n`,
    [samples],
  );
  const [found] = (
    await client.query<{ send: string }>(
      "SELECT t.typsend::regproc::text AS send FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = 'probe'::regclass AND a.attname = 'c'",
    )
  ).rows;
  const bytes = binary ? `encode(${found?.send}(c), 'hex')` : 'NULL';
  const rows = await client.query<{ text: string; hex: string | null }>(
    `SELECT format('%s', c) AS text, ${bytes} AS hex FROM probe ORDER BY ctid`,
  );
  return rows.rows.map(({ text, hex }) => ({
    text: Buffer.from(text),
    binary: hex === null ? Buffer.from(text) : Buffer.from(hex, 'hex'),
  }));
}
