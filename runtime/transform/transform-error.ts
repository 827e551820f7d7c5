import { MillraceError } from '../record/error.ts';

/** A record that is not what a transform expects. `reason` completes the code: `TRANSFORM_<reason>`. */
export function rejected(
  reason: 'TYPE' | 'FIELD' | 'SCHEMA' | 'VALUE' | 'RECORD',
  message: string,
  cause?: unknown,
): MillraceError {
  return new MillraceError(`TRANSFORM_${reason}`, message, { kind: 'data', ...(cause === undefined ? {} : { cause }) });
}

/** An option that does not stand; the message is Connect's where it has one. */
export function wrongOption(key: string, message: string, remedy = `Correct ${key}.`): MillraceError {
  return new MillraceError('TRANSFORM_OPTION', message, { kind: 'config', key, remedy });
}
