import type { CheckResult } from '../../../runtime/connector/connector.ts';
import { MillraceError } from '../../../runtime/record/error.ts';

export function failed(name: string, error: unknown): CheckResult {
  if (!(error instanceof MillraceError)) throw error;
  const { code, message, remedy, key } = error;
  return {
    name,
    ok: false,
    code,
    problem: message,
    ...(remedy === undefined ? {} : { remedy }),
    ...(key === undefined ? {} : { key }),
  };
}
