import { MillraceError } from '../record/error.ts';

/** A flag that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** The two sides of `key=value`. */
export function keyValue(flag: string, text: string): [string, string] {
  const cut = text.indexOf('=');
  if (cut > 0) return [text.slice(0, cut).trim(), text.slice(cut + 1).trim()];
  throw usage(`${flag} ${text}: key=value is needed`, flag);
}

export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw usage(`${flag} must be a whole number from ${least}, not ${text}`, flag);
}

export function usage(message: string, key: string): MillraceError {
  return new MillraceError('CLI_USAGE', message, { kind: 'config', key, remedy: 'See --help.' });
}
