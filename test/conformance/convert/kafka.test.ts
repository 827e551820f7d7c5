import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createConverter, createHeaderConverter } from '../../../runtime/convert/create-converter.ts';
import { JsonConverter } from '../../../runtime/convert/json-converter.ts';
import type { Datum } from '../../../runtime/record/record.ts';
import { converterCases, type ConverterCase, type Envelope } from '../../generate/converter-fixtures/cases.ts';
import { differenceOf } from './differences.ts';

type Answer = { readonly bytes: string | null } | { readonly data: Envelope | null } | { readonly error: string };

const fixture = new URL('../../fixtures/convert/kafka.jsonl', import.meta.url);
const answers = readFileSync(fixture, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Answer);

/** As the fixture's generator has values in and out. */
const envelopes = new JsonConverter({ 'schemas.enable': 'true', 'replace.null.with.default': 'false' });

function answer({ class: name, header, encode, decode }: ConverterCase): Answer {
  try {
    if (encode !== undefined) {
      const datum = envelopes.decode('t', Buffer.from(JSON.stringify(encode)), []);
      const bytes =
        header === true
          ? createHeaderConverter(name, {}).encode('t', { key: 'h', ...datum })
          : createConverter(name, {}, false).encode('t', datum);
      return { bytes: bytes === null ? null : Buffer.from(bytes).toString('base64') };
    }
    const bytes = decode === null || decode === undefined ? null : Buffer.from(decode, 'base64');
    const datum: Datum =
      header === true
        ? createHeaderConverter(name, {}).decode('t', { key: 'h', value: bytes })
        : createConverter(name, {}, false).decode('t', bytes, []);
    const made = envelopes.encode('t', datum);
    return { data: made === null ? null : (JSON.parse(made.toString()) as Envelope) };
  } catch (error) {
    return { error: error instanceof Error ? error.name : String(error) };
  }
}

/** How a case is called: its text where it is one. */
function nameOf({ class: name, encode, decode }: ConverterCase): string {
  const what = encode === undefined ? `reads ${shownBytes(decode ?? null)}` : `writes ${JSON.stringify(encode)}`;
  return `${name.slice(name.lastIndexOf('.') + 1)} ${what}`;
}

function shownBytes(base64: string | null): string {
  if (base64 === null) return 'nothing';
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) && bytes.every((byte) => byte >= 0x20)
    ? JSON.stringify(text)
    : `0x${bytes.toString('hex')}`;
}

/** Errors are told apart by nothing but that they are ones. */
function comparable(one: Answer): unknown {
  return 'error' in one ? 'error' : one;
}

describe('converters answer as Kafka Connect’s own', () => {
  const cases = converterCases();

  test('on every line of the fixture', () => {
    expect(answers).toHaveLength(cases.length);
  });

  test.each(cases.map((one, i) => [nameOf(one), one, answers[i]] as const))('%s', (name, one, theirs) => {
    const ours = comparable(answer(one));
    const expected = theirs === undefined ? undefined : comparable(theirs);
    if (differenceOf(name) === null) expect(ours).toEqual(expected);
    else expect(ours).not.toEqual(expected);
  });
});
