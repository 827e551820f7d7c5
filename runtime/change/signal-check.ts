import type { CheckResult } from '../connector/connector.ts';
import type { TableSpaces } from './table-lists.ts';

/** Whether rows of the signal table are seen. `unseen`: why they are not; null: they are. */
export function signalCheck(unseen: string | null, code: string, space: TableSpaces['word']): CheckResult {
  const name = 'the signal table is captured';
  if (unseen === null) return { name, ok: true };
  return {
    name,
    ok: false,
    fatal: false,
    code,
    problem: unseen,
    remedy: `Create the table, and let table.include.list and ${space}.include.list match it; or correct the name (${space}.table).`,
    key: 'signal.data.collection',
  };
}
