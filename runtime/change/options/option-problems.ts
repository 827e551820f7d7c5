import type { RawConfig } from '../../connector/options.ts';
import { MillraceError } from '../../record/error.ts';
import type { OptionProblem } from './compatibility-options.ts';

/** What options of several databases contradict each other in. `exclusive`: pairs of which one may be set. */
export function contradictions(
  config: RawConfig,
  exclusive: readonly (readonly [include: string, exclude: string])[],
): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  for (const [include, exclude] of exclusive) {
    if (isSet(config, include) && isSet(config, exclude)) {
      problems.push({ key: exclude, message: `${include} and ${exclude} exclude each other: keep one of them` });
    }
  }
  if (isSet(config, 'heartbeat.action.query') && Number(config['heartbeat.interval.ms'] ?? 0) === 0) {
    problems.push({ key: 'heartbeat.action.query', message: 'needs heartbeat.interval.ms greater than 0' });
  }
  if (isSet(config, 'signal.enabled.channels') && (config['signal.enabled.channels'] ?? '').trim() !== 'source') {
    problems.push({
      key: 'signal.enabled.channels',
      message: 'only the channel source (signal.data.collection) is supported',
    });
  }
  return problems;
}

/** A certificate and its key are set together, or neither is: a problem of the one that is missing. */
export function unpaired(config: RawConfig, certificate: string, key: string): readonly OptionProblem[] {
  if (isSet(config, certificate) === isSet(config, key)) return [];
  const missing = isSet(config, certificate) ? key : certificate;
  return [{ key: missing, message: `${certificate} and ${key} belong together: set both or neither` }];
}

/** What only shows when the texts are taken apart: expressions, rules, parameters. */
export function thrownProblems(takeApart: () => void): readonly OptionProblem[] {
  try {
    takeApart();
    return [];
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code === 'CONFIG_INVALID' || error.key === undefined) return [];
    const remedy = error.remedy === undefined ? '' : ` ${error.remedy}`;
    return [{ key: error.key, message: `${error.message}.${remedy}` }];
  }
}

function isSet(config: RawConfig, key: string): boolean {
  return (config[key] ?? '').trim() !== '';
}
