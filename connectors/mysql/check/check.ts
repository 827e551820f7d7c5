import type { CheckResult, ConnectorCall } from '../../../runtime/connector/connector.ts';
import { openConnection, type Connection } from '../connection.ts';
import { serverFacts, type Fact } from '../server-facts.ts';
import { readSettings, type MysqlSettings } from '../settings.ts';
import { failed } from './check-result.ts';
import { grantChecks, MAY_LOOK } from './grant-checks.ts';
import { tableChecks } from './table-checks.ts';

/** Looks at all a start needs; changes nothing. Every failure names the statement that mends it. */
export async function checkMysql({ config, env }: ConnectorCall): Promise<readonly CheckResult[]> {
  const settings = readSettings(config);
  const reached = 'the server can be reached';
  let connection: Connection;
  try {
    connection = await openConnection(settings.connection, env);
  } catch (error) {
    return [failed(reached, error)];
  }
  try {
    const results: CheckResult[] = [{ name: reached, ok: true }];
    const granted = await grantChecks(connection, settings);
    const mayLook = granted.some(({ name, ok }) => name === MAY_LOOK && ok);
    results.push(...(await serverFacts(connection, mayLook)).map(asResult));
    results.push(await serverId(connection, settings));
    results.push(...granted);
    results.push(...(await tableChecks(connection, settings)));
    return results;
  } catch (error) {
    return [failed('the server can be asked', error)];
  } finally {
    await connection.close();
  }
}

async function serverId(connection: Connection, settings: MysqlSettings): Promise<CheckResult> {
  const row = await connection.one('reading the server’s id', 'SELECT @@server_id AS id');
  const name = 'database.server.id is not the server’s own';
  if (Number(row?.['id']) !== settings.serverId) return { name, ok: true };
  return {
    name,
    ok: false,
    code: 'MYSQL_SERVER_ID_TAKEN',
    problem: `the server itself has the id ${settings.serverId}`,
    remedy: 'Choose a number that neither the server nor one of its replicas has.',
    key: 'database.server.id',
  };
}

function asResult({ ok, name, code, problem, remedy }: Fact): CheckResult {
  return ok ? { name, ok } : { name, ok, code, problem, remedy };
}
