import { signalsUnseen } from '../../../../runtime/change/signal.ts';
import { tableName, type Table } from '../../catalog/table.ts';

/** `signal.data.collection` may name the database before schema and table. */
export function isSignalTable(setting: string | undefined, table: Table): boolean {
  const name = tableName(table);
  return name === setting || setting?.endsWith(`.${name}`) === true;
}

/** Why no signal is ever seen; null: one would be, or none is wanted. */
export function unseenSignals(setting: string | undefined, captured: readonly Table[]): string | null {
  if (setting === undefined || captured.some((table) => isSignalTable(setting, table))) return null;
  return signalsUnseen(setting);
}
