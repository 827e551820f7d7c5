import type { CheckResult, ConnectorCall } from '../../runtime/connector/connector.ts';
import { listedNames } from '../../runtime/connector/options.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import type { SearchClient } from './http/search-client.ts';
import { answeredJson, isObject, serverError, searchError, successful } from './http/search-error.ts';
import { openClient } from './http/transport-client.ts';
import { recognise } from './server.ts';
import { documentSettings, parseConfig } from './settings.ts';

/** Whether the cluster can be reached and written to. Changes nothing. */
export async function check({ config, env, signal }: ConnectorCall): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  let client: SearchClient | null = null;
  const step = async (name: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      results.push({ name, ok: true });
      return true;
    } catch (error) {
      results.push(failed(name, error));
      return false;
    }
  };
  try {
    const opened = await step('the client can be opened', async () => {
      client = await openClient(parseConfig(config), env);
    });
    if (!opened || client === null) return results;
    const to: SearchClient = client;
    if (!(await step('the server is Elasticsearch or OpenSearch', async () => void (await recognise(to, signal)))))
      return results;
    await step('the cluster has no red shard', () => healthy(to, signal));
    const settings = documentSettings(parseConfig(config));
    for (const topic of listedNames(config['topics'])) {
      const target = settings.target(topic);
      const name = target.kind === 'stream' ? target.name : target.fixed;
      if (name === null) continue;
      const required =
        config['external.resource.usage'] !== undefined && config['external.resource.usage'] !== 'DISABLED';
      await step(`${name} can be written to`, () => writable(to, name, required, signal));
    }
    return results;
  } finally {
    await (client as SearchClient | null)?.close();
  }
}

async function healthy(client: SearchClient, signal: AbortSignal): Promise<void> {
  const doing = 'asking for the health of the cluster';
  const answer = await client.send({ method: 'GET', path: '/_cluster/health' }, signal);
  const body = answeredJson(doing, answer);
  if (answer.status === 403) return;
  if (answer.status >= 300) throw searchError(doing, answer.status, serverError(body));
  if (body['status'] !== 'red') return;
  throw new MillraceError('ELASTICSEARCH_RED', 'the cluster is red: some shards have no primary', {
    kind: 'unavailable',
    key: 'connection.url',
    remedy: 'See GET _cluster/allocation/explain; documents of those shards wait until they are back.',
  });
}

async function writable(client: SearchClient, name: string, required: boolean, signal: AbortSignal): Promise<void> {
  const path = `/${encodeURIComponent(name)}/_settings?flat_settings=true`;
  const answer = await client.send({ method: 'GET', path }, signal);
  if (answer.status === 404 && !required) return;
  const body = successful(`looking at ${name}`, answer);
  for (const [index, of] of Object.entries(body)) {
    const settings = isObject(of) ? of['settings'] : undefined;
    for (const block of ['index.blocks.write', 'index.blocks.read_only', 'index.blocks.read_only_allow_delete']) {
      if (!isObject(settings) || settings[block] !== 'true') continue;
      throw new MillraceError('ELASTICSEARCH_INDEX_READ_ONLY', `${index} has ${block}=true`, {
        kind: 'busy',
        key: 'connection.url',
        remedy: `PUT ${index}/_settings {"${block}": null}`,
      });
    }
  }
}

function failed(name: string, error: unknown): CheckResult {
  if (!(error instanceof MillraceError)) throw error;
  const { code, message, remedy, key } = error;
  const where = { ...(remedy === undefined ? {} : { remedy }), ...(key === undefined ? {} : { key }) };
  return { name, ok: false, code, problem: message, ...where };
}
