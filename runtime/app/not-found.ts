import { MillraceError } from '../record/error.ts';
import { nearest } from '../record/nearest.ts';

/** The one wording for what was named and does not exist: what is close to it, and the command that lists what there is. */
export function notFound(
  code: string,
  what: string,
  name: string,
  known: readonly string[],
  list: string,
  { make }: { readonly make?: string } = {},
): MillraceError {
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `Did you mean ${meant}? `;
  return new MillraceError(code, `there is no ${what} ${name}`, {
    kind: 'missing',
    remedy: `${hint}${make === undefined ? '' : `Create it with \`${make}\`. `}\`${list}\` shows what there is.`,
  });
}
