import type { RawConfig } from '../../connector/options.ts';
import { MillraceError } from '../../record/error.ts';
import { messageOf } from '../../record/thrown.ts';
import { deadLetterPolicy } from '../../task/error/dead-letters.ts';
import type { OutcomeError } from './outcome.ts';

/** An error of one record as the task would meet it: what it does depends on its kind and the configuration. */
export function outcomeError(stage: string, error: unknown, config: RawConfig, kind: 'source' | 'sink'): OutcomeError {
  const known = error instanceof MillraceError ? error : undefined;
  const tolerated = known?.kind === 'data' && deadLetterPolicy({ config }, kind).kind === 'dead-letter';
  return {
    stage,
    code: known?.code ?? 'TASK_FAILED',
    message: messageOf(error),
    stops: !tolerated,
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
  };
}
