import type pg from 'pg';

/** Statements of a psql script: no meta-commands, no comments. */
export function statementsOf(script: string): string[] {
  const statements: string[] = [];
  let current = '';
  let quoted = false;
  const text = script.replace(/^\\.*$/gm, '');
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === "'") quoted = !quoted;
    if (!quoted && char === '-' && text[i + 1] === '-') {
      while (i < text.length && text[i] !== '\n') i++;
      current += '\n';
    } else if (!quoted && char === ';') {
      if (current.trim() !== '') statements.push(current.trim());
      current = '';
    } else current += char;
  }
  if (current.trim() !== '') statements.push(current.trim());
  return statements;
}

/** Runs a script as psql does: each statement its own transaction unless a BEGIN says otherwise. */
export async function runScript(
  client: pg.Client,
  script: string,
  instead: (statement: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  for (const statement of statementsOf(script)) {
    if (!(await instead(statement))) await client.query(statement);
  }
}
