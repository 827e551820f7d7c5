import type { CheckResult } from '../../../runtime/connector/connector.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import { messageOf } from '../../../runtime/record/thrown.ts';
import type { Connection } from '../connection.ts';
import type { PostgresSettings } from '../settings.ts';

/** What the checks ask. */
export interface Facts {
  readonly connection: Connection;
  readonly settings: PostgresSettings;
  readonly role: string;
  readonly superuser: boolean;
}

export function failed(name: string, error: unknown): CheckResult {
  const known = error instanceof MillraceError ? error : undefined;
  const problem = messageOf(error);
  return {
    name,
    ok: false,
    problem,
    ...(known === undefined ? {} : { code: known.code }),
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
    ...(known?.key === undefined ? {} : { key: known.key }),
  };
}
