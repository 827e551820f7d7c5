const MATRIX = process.env['MILLRACE_TEST_MATRIX'];

/**
 * Which servers of a family tests run on: without `MILLRACE_TEST_MATRIX` the usual ones, with `1` all of them, else
 * those it names (`mysql-9.7,postgres-15`); where it names none of the family, the usual ones.
 */
export function tested<Name extends string>(usual: readonly Name[], all: readonly Name[]): readonly Name[] {
  if (MATRIX === '1') return all;
  const wanted = MATRIX?.split(',') ?? [];
  const named = all.filter((name) => wanted.includes(name));
  return named.length === 0 ? usual : named;
}
