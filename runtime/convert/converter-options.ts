import { MillraceError } from '../record/error.ts';

/** A converter's own options: the keys after `key.converter.`, `value.converter.` or `header.converter.`. */
export type ConverterConfig = Readonly<Record<string, string>>;

/** Connect's booleans: any case, nothing but true and false. */
export function booleanOption(config: ConverterConfig, key: string, byDefault: boolean): boolean {
  const text = config[key]?.trim().toLowerCase();
  if (text === undefined) return byDefault;
  if (text !== 'true' && text !== 'false') throw wrong(key, config[key], 'true or false');
  return text === 'true';
}

export function integerOption(config: ConverterConfig, key: string, byDefault: number, least: number): number {
  const text = config[key]?.trim();
  if (text === undefined) return byDefault;
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text) || value < least || value > 0x7fff_ffff) {
    throw wrong(key, text, `an integer from ${least} to 2147483647`);
  }
  return value;
}

/** One of `values`, in any case. */
export function choiceOption<const Choice extends string>(
  config: ConverterConfig,
  key: string,
  values: readonly Choice[],
  byDefault: Choice,
): Choice {
  const text = config[key]?.trim();
  if (text === undefined) return byDefault;
  const found = values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw wrong(key, text, values.join(', '));
  return found;
}

function wrong(key: string, value: string | undefined, expected: string): MillraceError {
  return new MillraceError('CONVERT_OPTION', `invalid value ${JSON.stringify(value)} for ${key}`, {
    kind: 'config',
    key,
    remedy: `Set ${key} to ${expected}.`,
  });
}
