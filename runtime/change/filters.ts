import { RE2JS } from 're2js';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';

/** A test of full names, by anchored regular expressions on a linear engine (D17). */
export type NameTest = (name: string) => boolean;

/**
 * Splits a comma-separated list of expressions. A comma belongs to an expression behind a backslash
 * (`\,`), as in Debezium.
 */
export function splitList(text: string): string[] {
  return text
    .split(/(?<!\\),/)
    .map((item) => item.replaceAll('\\,', ',').trim())
    .filter((item) => item !== '');
}

/** Matches names that one of the expressions matches as a whole, upper or lower case. `key`: for errors. */
export function matchesAny(expressions: readonly string[], key: string): NameTest {
  const compiled = expressions.map((expression) => {
    try {
      return RE2JS.compile(expression, RE2JS.CASE_INSENSITIVE);
    } catch (cause) {
      throw new MillraceError('CHANGE_FILTER_INVALID', `${key}: ${expression}: ${messageOf(cause)}`, {
        kind: 'config',
        key,
        remedy: 'Use a regular expression in RE2 syntax (no look-around, no back-references); escape literal dots.',
        cause,
      });
    }
  });
  return (name) => compiled.some((expression) => expression.testExact(name));
}

/** An include or an exclude list as one test; neither: everything. Both at once is a configuration error. */
export function includeOrExclude(
  include: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
  keys: { readonly include: string; readonly exclude: string },
): NameTest {
  const included = include !== undefined && include.length > 0;
  const excluded = exclude !== undefined && exclude.length > 0;
  if (included && excluded) {
    throw new MillraceError('CHANGE_FILTER_CONFLICT', `${keys.include} and ${keys.exclude} exclude each other`, {
      kind: 'config',
      key: keys.exclude,
      remedy: `Keep one of ${keys.include} and ${keys.exclude}.`,
    });
  }
  if (included) return matchesAny(include, keys.include);
  if (!excluded) return () => true;
  const matches = matchesAny(exclude, keys.exclude);
  return (name) => !matches(name);
}

/** {@link includeOrExclude} by the options `<what>.include.list` and `<what>.exclude.list`. */
export function listedTest(include: readonly string[], exclude: readonly string[], what: string): NameTest {
  return includeOrExclude(include, exclude, { include: `${what}.include.list`, exclude: `${what}.exclude.list` });
}
