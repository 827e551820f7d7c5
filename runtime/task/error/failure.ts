import { inspect } from 'node:util';
import { MillraceError } from '../../record/error.ts';
import type { TaskFailure } from '../host.ts';
import { retryClass } from './retry.ts';

/** Describes an error as a task's failure: what REST, CLI and console show. */
export function describeFailure(error: unknown): TaskFailure {
  const retry = retryClass(error);
  const trace = traceOf(error);
  if (!(error instanceof Error)) return { code: 'TASK_FAILED', message: String(error), trace, retry };
  if (!(error instanceof MillraceError)) {
    return { code: 'TASK_FAILED', message: `${error.name}: ${error.message}`, trace, retry };
  }
  const { code, message } = error;
  const remedies = remediesOf(error);
  return { code, message, trace, retry, ...(remedies.length === 0 ? {} : { remedy: remedies.join(' ') }) };
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
  const remedies = remediesOf(error);
  if (remedies.length > 0) parts.splice(1, 0, `Remedy: ${remedies.join(' ')}`);
  return parts.join('\n');
}

/** What to do, as the error and its causes say it: the cause first, for it is what is to be mended; what another repeats is left out. */
function remediesOf(error: unknown): readonly string[] {
  const remedies = new Set<string>();
  for (let at: unknown = error; at instanceof Error && remedies.size < 10; at = at.cause) {
    if (at instanceof MillraceError && at.remedy !== undefined) remedies.add(at.remedy);
    if (at.cause === at) break;
  }
  const texts = [...remedies].toReversed();
  return texts.filter((text) => !texts.some((other) => other !== text && other.includes(text)));
}
