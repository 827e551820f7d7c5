import { inspect } from 'node:util';
import { MillraceError } from '../record/error.ts';
import type { TaskFailure } from './host.ts';
import { retryClass } from './retry.ts';

/** Describes an error as a task's failure: what REST, CLI and console show. */
export function describeFailure(error: unknown): TaskFailure {
  const retry = retryClass(error);
  const trace = traceOf(error);
  if (!(error instanceof Error)) return { code: 'TASK_FAILED', message: String(error), trace, retry };
  if (!(error instanceof MillraceError)) {
    return { code: 'TASK_FAILED', message: `${error.name}: ${error.message}`, trace, retry };
  }
  const { code, message, remedy } = error;
  return { code, message, trace, retry, ...(remedy === undefined ? {} : { remedy }) };
}

/** Message, remedy, causes and stack, in the manner of a Java trace. */
export function traceOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 10;) {
    const title = parts.length === 0 ? '' : 'Caused by: ';
    if (!(at instanceof Error)) {
      parts.push(title + inspect(at));
      break;
    }
    const code = at instanceof MillraceError ? `${at.code}: ` : '';
    parts.push(`${title}${code}${at.stack ?? `${at.name}: ${at.message}`}`);
    at = at.cause;
  }
  if (error instanceof MillraceError && error.remedy !== undefined) parts.splice(1, 0, `Remedy: ${error.remedy}`);
  return parts.join('\n');
}
