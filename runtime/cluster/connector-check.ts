import type { Connector } from '../connector/connector.ts';
import type { Log } from '../connector/context.ts';
import type { RawConfig } from '../connector/options.ts';
import type { Env } from '../env/env.ts';
import { MillraceError } from '../record/error.ts';
import { messageOf } from '../record/thrown.ts';
import type { CheckAnswer, ConnectorCheck } from './answers.ts';

interface CheckContext {
  readonly env: Env;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reachability and privileges of a good configuration, its variables resolved. Changes nothing upstream. */
export async function checkConnector(
  name: string,
  connector: Connector,
  config: RawConfig,
  { env, log, signal }: CheckContext,
): Promise<ConnectorCheck> {
  const results = await run(() => connector.check?.({ name, config, env, log, signal }) ?? Promise.resolve([]));
  const answers = results.map(({ fatal, ...result }): CheckAnswer => ({
    ...result,
    fatal: !result.ok && fatal !== false,
  }));
  return { name, ok: !answers.some(({ fatal }) => fatal), results: answers };
}

type Results = Awaited<ReturnType<NonNullable<Connector['check']>>>;

/** An error is a finding like any other. */
async function run(check: () => Promise<Results>): Promise<Results> {
  try {
    return await check();
  } catch (error) {
    const problem = messageOf(error);
    if (!(error instanceof MillraceError)) return [{ name: 'the check can be made', ok: false, problem }];
    const { code, key, remedy } = error;
    const more = { ...(key === undefined ? {} : { key }), ...(remedy === undefined ? {} : { remedy }) };
    return [{ name: 'the check can be made', ok: false, code, problem, ...more }];
  }
}
