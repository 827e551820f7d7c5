import { describe, expect, it } from 'vitest';
import { charsetDecoder } from '../../../connectors/mysql/catalog/charset.ts';
import { MYSQL_VERSIONS } from '../../services/mysql.ts';
import { useMysql } from '../../services/use-mysql.ts';

const OF_ONE_BYTE =
  'armscii8 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman swe7 tis620'.split(
    ' ',
  );

const OF_SEVERAL = ['big5', 'cp932', 'eucjpms', 'euckr', 'gb18030', 'gb2312', 'gbk', 'sjis', 'ujis'];

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

  it.for(OF_SEVERAL)('decode as the server itself does, all of two and three bytes: %s', async (charset, { skip }) => {
    skip(charset === 'gb18030' && mysql.server.family === 'mariadb', 'MariaDB does not have it');
    const decode = charsetDecoder(charset);
    expect(decode).toBeDefined();
    const different: unknown[] = [];
    let compared = 0;
    for (const codes of parts(codesOf(charset), 3000)) {
      const list = codes.map((code, i) => `select '${code}'${i === 0 ? ' as h' : ''}`).join(' union all ');
      const rows = await mysql.server.sql(
        `select h, convert(convert(unhex(h) using ${charset}) using utf8mb4) as u from (${list}) as codes`,
      );
      for (const { h, u } of rows) {
        // What is no character there is not compared.
        if (typeof h !== 'string' || typeof u !== 'string' || Array.from(u).length !== 1 || u === '?') continue;
        compared++;
        const ours = decode?.(Buffer.from(h, 'hex'), 0, h.length / 2);
        if (ours !== u) different.push([h, ours, u]);
      }
    }
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(6000);
  });
});

/** All that may be a character of two bytes, and of three in EUC. */
function codesOf(charset: string): string[] {
  const euc = charset === 'ujis' || charset === 'eucjpms';
  const kana = charset === 'sjis' || charset === 'cp932';
  const codes: string[] = [];
  for (let lead = 0x81; lead < 0xff; lead++) {
    if ((kana && lead > 0x9f && lead < 0xe0) || (euc && lead === 0x8f)) continue;
    for (let second = 0x40; second < 0xff; second++) codes.push(hex(lead) + hex(second));
  }
  if (!euc) return codes;
  for (let lead = 0xa1; lead < 0xff; lead++) {
    for (let second = 0xa1; second < 0xff; second++) codes.push(`8f${hex(lead)}${hex(second)}`);
  }
  return codes;
}

function* parts(codes: readonly string[], size: number): Generator<readonly string[]> {
  for (let at = 0; at < codes.length; at += size) yield codes.slice(at, at + size);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
