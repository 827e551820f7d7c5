import type { DuckDBConnection, DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { loadDuckdb } from './duckdb.ts';

/** What DuckDB's own integers end with: 15 bytes. */
export const SHORT_DECIMAL_HEX = 30;

/**
 * Adds `long_integer(hex)` to a connection: the digits of a two's complement of any length, which DuckDB has no
 * integers for (`decimal(65)` has 28 bytes).
 */
export async function addLongIntegers(connection: DuckDBConnection): Promise<void> {
  const { DuckDBScalarFunction, VARCHAR } = await loadDuckdb();
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name: 'long_integer',
      parameterTypes: [VARCHAR],
      returnType: VARCHAR,
      mainFunction: (_info, input: DuckDBDataChunk, output: DuckDBVector) => {
        const column = input.getColumnVector(0);
        for (let row = 0; row < input.rowCount; row++) {
          const hex = column.getItem(row);
          output.setItem(row, typeof hex === 'string' ? digitsOf(hex) : null);
        }
        output.flush();
      },
    }),
  );
}

function digitsOf(hex: string): string {
  return hex === '' ? '0' : BigInt.asIntN(hex.length * 4, BigInt(`0x${hex}`)).toString();
}
