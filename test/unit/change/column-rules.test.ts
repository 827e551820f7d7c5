import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ChangeColumn } from '../../../runtime/change/change-layouts.ts';
import { applyRules, parseColumnRules } from '../../../runtime/change/column-rules.ts';
import { digits, text } from '../../../runtime/change/meta-codecs.ts';
import { ByteWriter } from '../../../runtime/record/byte-writer.ts';
import type { CellCodec } from '../../../runtime/record/cell-codec.ts';
import { BYTES, STRING } from '../../../runtime/record/schema-builder.ts';

const NAME = 'public.t.secret';
const column = (codec: CellCodec = text): ChangeColumn => ({ name: 'secret', schema: codec.schema, codec, cell: 0 });
const ruled = (config: Record<string, string>, length?: number, codec?: CellCodec): ChangeColumn =>
  applyRules(column(codec), { name: NAME, length }, parseColumnRules(config));

/** A truncated codec writes what its value says. */
const bytesCodec: CellCodec = {
  ...text,
  schema: BYTES,
  value: (bytes, at, length) => bytes.subarray(at, at + length),
};

function shown(made: ChangeColumn, cell: string): { value: unknown; json: string } {
  const bytes = Buffer.from(cell);
  const writer = new ByteWriter();
  made.codec.json({ decimalFormat: 'BASE64' })(bytes, 0, bytes.length, writer);
  return { value: made.codec.value(bytes, 0, bytes.length), json: writer.view().toString() };
}

describe('column rules', () => {
  it('leave other columns alone', () => {
    const made = ruled({ 'column.mask.with.3.chars': 'public\\.t\\.other' });
    expect(made.constant).toBeUndefined();
    expect(made.codec).toBe(text);
  });

  it('mask with as many asterisks as asked, whatever the value', () => {
    const made = ruled({ 'column.mask.with.3.chars': 'public\\.t\\.sec.*' });
    expect(made.constant).toBe('***');
    expect(made.schema.parameters).toEqual({ masked: 'true' });
  });

  it('hash the salt and the UTF-8 text (v2), cut to the column', () => {
    const made = ruled({ 'column.mask.hash.v2.SHA-256.with.salt.CzQMA0cB5K': NAME }, 20);
    const hex = createHash('sha256').update('CzQMA0cB5K').update('grün').digest('hex').slice(0, 20);
    expect(shown(made, 'grün')).toEqual({ value: hex, json: `"${hex}"` });
  });

  it('hash the Java serialisation of the text (v1)', () => {
    const made = ruled({ 'column.mask.hash.SHA-256.with.salt.s': NAME });
    const java = Buffer.concat([Buffer.from('aced00057400', 'hex'), Buffer.from([3]), Buffer.from('abc')]);
    const hex = createHash('sha256').update('s').update(java).digest('hex');
    expect(shown(made, 'abc').value).toBe(hex);
  });

  it('truncate texts and bytes, and tell the schema', () => {
    const made = ruled({ 'column.truncate.to.2.chars': NAME });
    expect(shown(made, 'ab"c')).toEqual({ value: 'ab', json: '"ab"' });
    expect(made.schema.parameters).toEqual({ truncateLength: '2' });
    const bytes = ruled({ 'column.truncate.to.2.chars': NAME }, undefined, bytesCodec);
    expect(shown(bytes, 'abc').json).toBe('"YWI="');
  });

  it('do not truncate a column that cannot be longer', () => {
    expect(ruled({ 'column.truncate.to.20.chars': NAME }, 10).codec).toBe(text);
  });

  it('refuse to mask what is no text instead of letting it through', () => {
    expect(() => ruled({ 'column.mask.with.3.chars': NAME }, undefined, digits)).toThrow(
      expect.objectContaining({ code: 'CHANGE_MASK_TYPE', key: 'column.mask.with.3.chars' }),
    );
  });

  it('refuse an unknown hash', () => {
    expect(() => ruled({ 'column.mask.hash.v2.ROT-13.with.salt.s': NAME })).toThrow(
      expect.objectContaining({ code: 'CHANGE_HASH_UNKNOWN', kind: 'config' }),
    );
  });

  it('keep the type of the field', () => {
    expect(ruled({ 'column.mask.with.3.chars': NAME }).schema.type).toBe(STRING.type);
  });
});
