import type { CheckResult, ConnectorCall } from '../../../runtime/connector/connector.ts';
import { openConnection, type Connection } from '../connection.ts';
import { readSettings } from '../settings.ts';
import { failed, type Facts } from './check-result.ts';
import {
  encryption,
  readRole,
  replicationConnection,
  replicationRole,
  slotFit,
  version,
  walLevel,
} from './server-checks.ts';
import { tableChecks } from './table-checks.ts';

/** Looks at all a start needs; changes nothing. Every failure names the statement that mends it. */
export async function checkPostgres({ config, env }: ConnectorCall): Promise<readonly CheckResult[]> {
  const settings = readSettings(config);
  let connection: Connection;
  try {
    connection = await openConnection(settings.connection, env);
  } catch (error) {
    return [failed('the server can be reached', error)];
  }
  try {
    const results: CheckResult[] = [{ name: 'the server can be reached', ok: true }, encryption(settings)];
    const role = await readRole(connection);
    const facts: Facts = { connection, settings, role: role.name, superuser: role.superuser };
    results.push(await version(facts), await walLevel(facts), replicationRole(role));
    const replicating = () => openConnection(settings.connection, env, { replication: true });
    results.push(await replicationConnection(role, replicating));
    const slot = await attempt('the replication slot', () => slotFit(facts));
    results.push(...slot);
    results.push(...(await attempt('the captured tables', () => tableChecks(facts))));
    return results;
  } catch (error) {
    return [failed('the server can be asked', error)];
  } finally {
    await connection.close();
  }
}

async function attempt(name: string, run: () => Promise<readonly CheckResult[]>): Promise<readonly CheckResult[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(name, error)];
  }
}
