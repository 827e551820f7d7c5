import type { TaskContext } from '../../../runtime/connector/context.ts';

/** What a task said while it ran. */
export interface Said {
  readonly context: TaskContext;
  readonly warnings: Map<string, string | null>;
  readonly gauges: Map<string, number | null>;
  /** What was logged, as lines. */
  readonly logs: string[];
}

const quiet = (): void => undefined;

export function listen(): Said {
  const warnings = new Map<string, string | null>();
  const gauges = new Map<string, number | null>();
  const logs: string[] = [];
  const line = (text: string): void => void logs.push(text);
  return {
    warnings,
    gauges,
    logs,
    context: {
      connector: 'test',
      task: 0,
      log: { debug: line, info: line, warn: line, error: line },
      stage: quiet,
      info: quiet,
      idle: () => undefined,
      gauge: (name, value) => gauges.set(name, value),
      warning: (code, text) => warnings.set(code, text),
    },
  };
}
