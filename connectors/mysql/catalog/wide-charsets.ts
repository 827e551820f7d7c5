import type { TextDecode } from './charset.ts';

/** Where the servers' characters are not those of the Encoding Standard: codes that follow each other, from this one on. */
const OWN: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  big5: [
    [0xa145, '•'],
    [0xa14e, '､'],
    [0xa15a, '\ufffd'],
    [0xa1c2, '‾\ufffd'],
    [0xa1c5, '\ufffd'],
    [0xa1e3, '∼'],
    [0xa1f2, '♁☉'],
    [0xa1fe, '\ufffd'],
    [0xa240, '\ufffd／＼'],
    [0xa244, '¥'],
    [0xa246, '¢£'],
    [0xa2cc, '\ufffd'],
    [0xa2ce, '\ufffd'],
    [0xc6a1, 'ヾゝゞ々ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつ'],
    [0xc6c9, 'づてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれ'],
    [0xc6f1, 'ろゎわゐゑをんァアィイゥウェ'],
    [0xc740, 'エォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハ'],
    [0xc768, 'バパヒビピフブプヘベペホボポマミムメモャヤュユ'],
    [0xc7a1, 'ョヨラリルレロヮワヰヱヲンヴヵヶДЕЁЖЗИЙКЛМУФХЦЧШЩЪЫЬЭЮЯа'],
    [0xc7c9, 'бвгдеёжзийклмнопрстуфхцчшщъыьэюя①②③④⑤⑥⑦⑧'],
    [0xc7f1, '⑨⑩⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽'],
  ],
  eucjpms: [
    [0x8fa2c3, '￤'],
    [0x8ff3f3, 'ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡ'],
    [0x8ff4a1, 'ⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤﨎咊坙﨏塚增寬峵嵓﨑德悅愠敎昻晥晴朗栁﨓﨔'],
    [0x8ff4c9, '橫櫢淸淲瀨凞猪甁皂皞益礰礼神祥福竧靖精綠緖羽荢﨟薰蘒﨡蠇諸譿賴赶﨣﨤逸郞都鄕﨧﨨'],
    [0x8ff4f1, '閒隆﨩霻靍靑飯飼館馞髙魲鶴黑'],
  ],
  euckr: [[0xa2e6, '€®']],
  gb18030: [
    [0xa3a0, '\ue5e5'],
    [0xa6d9, '\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793'],
    [0xa6ec, '\ue794\ue795'],
    [0xa6f3, '\ue796'],
    [0xfe59, '\ue81e'],
    [0xfe61, '\ue826'],
    [0xfe66, '\ue82b\ue82c'],
    [0xfe6d, '\ue832'],
    [0xfe7e, '\ue843'],
    [0xfe90, '\ue854'],
    [0xfea0, '\ue864'],
  ],
  gb2312: [
    [0xa1a4, '・'],
    [0xa1aa, '―'],
  ],
  sjis: [
    [0x815f, '\\〜‖'],
    [0x817c, '−'],
    [0x8191, '¢£'],
    [0x81ca, '¬'],
  ],
  ujis: [
    [0xa1c0, '\\〜‖'],
    [0xa1dd, '−'],
    [0xa1f1, '¢£'],
    [0xa2cc, '¬'],
    [0x8fa2b7, '~'],
  ],
};

/** Codes of user-defined characters in EUC, two stretches of ten rows. */
const USER_ROWS = [0xf5a1, 0x8ff5a1];
const USER_FIRST = 0xe000;
const ROW = 94;
const ROWS = 10;
const HANGUL = { first: 0xac00, last: 0xd7a3 };
/** KS X 1001 has its syllables here. */
const KS = { first: 0xb0, last: 0xc8 };

/** Bytes of the character that begins with these two. */
type Width = (lead: number, second: number) => number;

const two: Width = (lead) => (lead < 0x81 ? 1 : 2);
const eucJp: Width = (lead) => (lead === 0x8f ? 3 : lead === 0x8e || lead >= 0xa1 ? 2 : 1);
const shiftJis: Width = (lead) => ((lead >= 0x81 && lead <= 0x9f) || lead >= 0xe0 ? 2 : 1);

const SETS: Readonly<Record<string, { readonly label: string; readonly width: Width }>> = {
  big5: { label: 'big5', width: two },
  gb2312: { label: 'gbk', width: two },
  gb18030: { label: 'gb18030', width: (lead, second) => (lead < 0x81 ? 1 : second < 0x40 ? 4 : 2) },
  sjis: { label: 'shift_jis', width: shiftJis },
  cp932: { label: 'shift_jis', width: shiftJis },
  ujis: { label: 'euc-jp', width: eucJp },
  eucjpms: { label: 'euc-jp', width: eucJp },
  euckr: { label: 'euc-kr', width: two },
};

/** A character set of several bytes as the servers convert it; undefined: it is none of these. */
export function wideCharset(charset: string): TextDecode | undefined {
  const set = SETS[charset];
  if (set === undefined) return undefined;
  const decoder = new TextDecoder(set.label, { ignoreBOM: true });
  const known = ownCharacters(charset, decoder);
  return (bytes, at, length) => {
    const end = at + length;
    let text = '';
    for (let i = at; i < end;) {
      const lead = bytes[i] as number;
      if (lead < 0x80) {
        text += String.fromCharCode(lead);
        i++;
        continue;
      }
      const size = Math.min(set.width(lead, bytes[i + 1] ?? 0), end - i);
      const code = bytes.readUIntBE(i, size);
      let character = known.get(code);
      if (character === undefined) {
        character = decoder.decode(bytes.subarray(i, i + size));
        known.set(code, character);
      }
      text += character;
      i += size;
    }
    return text;
  };
}

function ownCharacters(charset: string, decoder: InstanceType<typeof TextDecoder>): Map<number, string> {
  const known = new Map<number, string>();
  for (const [from, characters] of OWN[charset] ?? []) {
    for (let i = 0; i < characters.length; i++) known.set(from + i, characters.charAt(i));
  }
  if (charset === 'euckr') addHangul(known, decoder);
  if (charset === 'ujis' || charset === 'eucjpms') addUserDefined(known);
  return known;
}

function addUserDefined(known: Map<number, string>): void {
  for (const [stretch, from] of USER_ROWS.entries()) {
    for (let i = 0; i < ROW * ROWS; i++) {
      const code = from + Math.floor(i / ROW) * 0x100 + (i % ROW);
      known.set(code, String.fromCharCode(USER_FIRST + stretch * ROW * ROWS + i));
    }
  }
}

/** Syllables that KS X 1001 has not, in their order, take the codes that it leaves free. */
function addHangul(known: Map<number, string>, decoder: InstanceType<typeof TextDecoder>): void {
  const standard = new Set<string>();
  for (let row = KS.first; row <= KS.last; row++) {
    for (let cell = 0xa1; cell <= 0xfe; cell++) standard.add(decoder.decode(Uint8Array.of(row, cell)));
  }
  const free = freeCodes();
  for (let point = HANGUL.first; point <= HANGUL.last; point++) {
    const syllable = String.fromCharCode(point);
    if (!standard.has(syllable)) known.set(free.next().value ?? 0, syllable);
  }
}

function* freeCodes(): Generator<number, undefined> {
  for (let lead = 0x81; lead <= 0xc6; lead++) {
    const stretches = [
      [0x41, 0x5a],
      [0x61, 0x7a],
      [0x81, lead < 0xa1 ? 0xfe : 0xa0],
    ] as const;
    for (const [from, to] of stretches) for (let second = from; second <= to; second++) yield lead * 0x100 + second;
  }
  return undefined;
}
