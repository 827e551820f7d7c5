import { MillraceError } from '../../record/error.ts';
import { numberSetting, setting, type SettingsOf } from '../task-settings.ts';

const TIMEOUT = 'millrace.stall.timeout.ms';
const ACTION = 'millrace.stall.action';
const DEFAULT_TIMEOUT_MS = 120_000;

export interface StallSettings {
  /** 0: never. */
  readonly timeoutMs: number;
  readonly action: 'report' | 'restart';
}

/** When a task counts as stalled, and what follows. */
export function stallSettings(of: SettingsOf): StallSettings {
  const action = setting(of, ACTION)?.trim().toLowerCase() ?? 'report';
  if (action !== 'report' && action !== 'restart') {
    throw new MillraceError('TASK_OPTION_INVALID', `${ACTION}: "${action}" is neither report nor restart`, {
      kind: 'config',
      key: ACTION,
      remedy: `Set ${ACTION} to report or restart.`,
    });
  }
  return { timeoutMs: numberSetting(of, TIMEOUT, TIMEOUT, 0) ?? DEFAULT_TIMEOUT_MS, action };
}
