import type { RawConfig } from '../../connector/options.ts';
import { MillraceError } from '../../record/error.ts';
import { splitList } from '../filters.ts';

const OVERRIDES = 'snapshot.select.statement.overrides';

/** The SELECT of each table that is read by one of its own. `listed`: the value of the option; `code`: of the error. */
export function selectOverrides(listed: string | undefined, config: RawConfig, code: string): Map<string, string> {
  const overrides = new Map<string, string>();
  for (const table of splitList(listed ?? '')) {
    const key = `${OVERRIDES}.${table}`;
    const statement = config[key];
    if (statement === undefined) {
      throw new MillraceError(code, `${key} is not set`, {
        kind: 'config',
        key: OVERRIDES,
        remedy: `Set ${key} to the SELECT that reads ${table}.`,
      });
    }
    overrides.set(table, statement);
  }
  return overrides;
}

/** Statements are separated by `;`; `;;` stands for a semicolon inside one. */
export function splitStatements(text: string): readonly string[] {
  return text
    .split(/(?<!;);(?!;)/)
    .map((statement) => statement.replaceAll(';;', ';').trim())
    .filter((statement) => statement !== '');
}
