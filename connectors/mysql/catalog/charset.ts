import { MillraceError } from '../../../runtime/record/error.ts';
import { byteCharset } from './byte-charsets.ts';
import { wideCharset } from './wide-charsets.ts';

/** Character sets whose bytes are UTF-8. */
const UTF8: ReadonlySet<string> = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii']);

/** MySQL's names, and those of the Encoding Standard that decode alike. latin1 is cp1252 in both. */
const LABELS: Readonly<Record<string, string>> = {
  latin1: 'windows-1252',
  latin2: 'iso-8859-2',
  latin7: 'iso-8859-13',
  koi8r: 'koi8-r',
  macroman: 'macintosh',
  gbk: 'gbk',
  ucs2: 'utf-16be',
  utf16: 'utf-16be',
  utf16le: 'utf-16le',
};

export type TextDecode = (bytes: Buffer, at: number, length: number) => string;

/** Decodes a character set's bytes; undefined: they are UTF-8 already. Throws a `config` error for one not known. */
export function charsetDecoder(charset: string): TextDecode | undefined {
  if (UTF8.has(charset)) return undefined;
  if (charset === 'utf32') return decodeUtf32;
  const own = byteCharset(charset) ?? wideCharset(charset);
  if (own !== undefined) return own;
  const label = LABELS[charset];
  if (label === undefined) {
    throw new MillraceError('MYSQL_CHARSET', `the character set ${charset} is not supported`, {
      kind: 'config',
      key: 'column.exclude.list',
      remedy:
        'Convert the column (ALTER TABLE … MODIFY … CHARACTER SET utf8mb4), or leave it out by column.exclude.list.',
    });
  }
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  return (bytes, at, length) => decoder.decode(bytes.subarray(at, at + length));
}

function decodeUtf32(bytes: Buffer, at: number, length: number): string {
  let text = '';
  for (let i = at; i + 4 <= at + length; i += 4) text += String.fromCodePoint(bytes.readUInt32BE(i));
  return text;
}

/** A server's collations: number → name of the character set. */
export type Collations = ReadonlyMap<number, string>;

/** Bytes a character takes at most. */
export function charsetWidth(charset: string): number {
  switch (charset) {
    case 'utf8mb4':
    case 'utf16':
    case 'utf16le':
    case 'utf32':
    case 'gb18030':
      return 4;
    case 'utf8mb3':
    case 'utf8':
    case 'ujis':
    case 'eucjpms':
      return 3;
    case 'ucs2':
    case 'big5':
    case 'gbk':
    case 'gb2312':
    case 'sjis':
    case 'cp932':
    case 'euckr':
      return 2;
    default:
      return 1;
  }
}
