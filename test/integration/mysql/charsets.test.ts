import { describe, expect, it } from 'vitest';
import { charsetDecoder } from '../../../connectors/mysql/catalog/charset.ts';
import { MYSQL_VERSIONS } from '../../services/mysql.ts';
import { useMysql } from '../../services/use-mysql.ts';

const OF_ONE_BYTE = [
  ...['armscii8', 'cp1250', 'cp1251', 'cp1256', 'cp1257', 'cp850', 'cp852', 'cp866', 'dec8', 'geostd8'],
  ...['greek', 'hebrew', 'hp8', 'keybcs2', 'koi8r', 'koi8u', 'latin1', 'latin2', 'latin5', 'latin7', 'macce'],
  ...['macroman', 'swe7', 'tis620'],
];

describe.each(MYSQL_VERSIONS)('the character sets of %s', (version) => {
  const mysql = useMysql(version);

  it.each(OF_ONE_BYTE)('decode as the server itself does: %s', async (charset) => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte);
    const shown = bytes.map((byte) => `convert(_${charset} 0x${hex(byte)} using utf8mb4) as b${byte}`);
    const [row = {}] = await mysql.server.sql(`select ${shown.join(', ')}`);
    const decode = charsetDecoder(charset);
    expect(decode).toBeDefined();
    const different = bytes
      .map((byte) => [hex(byte), decode?.(Buffer.from([byte]), 0, 1), row[`b${byte}`]])
      .filter(([, ours, theirs]) => ours !== theirs);
    expect(different).toEqual([]);
  });
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
