import type { CheckResult, ConnectorCall } from '../../runtime/connector/connector.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { parseConfig } from './settings.ts';
import { openStore } from './store/open-store.ts';

/** Whether the archive's store can be reached. Writes nothing. */
export async function check({ name, config, env }: ConnectorCall): Promise<readonly CheckResult[]> {
  try {
    const options = parseConfig(config);
    const store = await openStore({ options, connector: name, owner: name, env });
    try {
      return await store.check();
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, remedy, key } = error;
    const where = { ...(remedy === undefined ? {} : { remedy }), ...(key === undefined ? {} : { key }) };
    return [{ name: 'the store can be opened', ok: false, code, problem: message, ...where }];
  }
}
