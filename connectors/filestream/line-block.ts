import { isUtf8 } from 'node:buffer';
import { text } from '../../runtime/change/meta-codecs.ts';
import type { CellCodec } from '../../runtime/record/cell-codec.ts';
import { writeJsonString } from '../../runtime/record/json-text.ts';
import { STRING } from '../../runtime/record/schema-builder.ts';
import type { RowLayout } from '../../runtime/record/row-layout.ts';
import { NO_TIMESTAMP, RowBlock } from '../../runtime/record/row-block.ts';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export type LineCharset = 'UTF-8' | 'ISO-8859-1';

const latin1: CellCodec = {
  schema: STRING,
  json: () => (bytes, at, length, writer) => writeJsonString(writer, bytes.toString('latin1', at, at + length)),
  value: (bytes, at, length) => bytes.toString('latin1', at, at + length),
};

/** A line without a key: what Kafka Connect's source makes of it. */
export function lineLayout(topic: string, charset: LineCharset = 'UTF-8'): RowLayout {
  return {
    topic,
    key: null,
    value: { kind: 'cell', cell: 0, schema: STRING, codec: charset === 'UTF-8' ? text : latin1 },
    headers: [],
    cells: 1,
  };
}

export interface Lines {
  readonly block: RowBlock;
  /** Bytes that are lines, their ends included. */
  readonly taken: number;
  /** Lines that are not UTF-8: where they begin and how long they are. */
  readonly wrong: readonly { readonly at: number; readonly length: number }[];
}

/**
 * Finds up to `most` whole lines in `bytes`, which become the block's arena. Lines end in `\n`,
 * `\r\n` or `\r`; a `\r` that is the last byte may be the first of two and has to wait.
 */
export function takeLines(bytes: Buffer, layout: RowLayout, most: number): Lines {
  const block = new RowBlock(bytes, Math.min(most, 1024), Math.min(most, 1024));
  const wrong: { at: number; length: number }[] = [];
  const isClean = isLineOf(layout, bytes);
  let taken = 0;
  for (let lines = 0; lines < most; lines++) {
    const end = lineEnd(bytes, taken);
    if (end === null) break;
    const length = end.at - taken;
    if (isClean || isLineOf(layout, bytes.subarray(taken, end.at))) {
      block.begin(layout, NO_TIMESTAMP);
      block.cell(taken, length);
    } else {
      wrong.push({ at: taken, length });
    }
    taken = end.next;
  }
  return { block, taken, wrong };
}

/** Whether bytes are text as the layout reads them: any are ISO-8859-1. */
export function isLineOf({ value }: RowLayout, bytes: Uint8Array): boolean {
  return (value?.kind === 'cell' && value.codec === latin1) || isUtf8(bytes);
}

function lineEnd(bytes: Buffer, from: number): { readonly at: number; readonly next: number } | null {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === LINE_FEED) return { at, next: at + 1 };
    if (byte !== CARRIAGE_RETURN) continue;
    if (at + 1 === bytes.length) return null;
    return { at, next: bytes[at + 1] === LINE_FEED ? at + 2 : at + 1 };
  }
  return null;
}
