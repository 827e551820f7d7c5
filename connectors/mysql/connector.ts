import type { ConnectorCall, SourceConnector } from '../../runtime/connector/connector.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { checkMysql } from './check.ts';
import { openConnection } from './connection.ts';
import { readOffset } from './offset.ts';
import { mysqlOptions } from './options.ts';
import { otherOptions } from './options/other-options.ts';
import { RowFactory } from './row/table-rows.ts';
import { sampleMysql } from './sample/sample-rows.ts';
import { readSettings } from './settings.ts';
import { isSnapshot } from './snapshot/snapshot-state.ts';
import { checkPlace } from './stream/place-check.ts';
import { mysqlTruth } from './truth/mysql-truth.ts';
import { MysqlTask } from './task.ts';

type Problem = { readonly key: string; readonly message: string };

/** The MySQL and MariaDB change source; which family it is, the server says. One task: a binlog has one order. */
export const mysqlConnector: SourceConnector = {
  kind: 'source',
  className: 'mysql',
  aliases: ['mariadb', 'io.debezium.connector.mysql.MySqlConnector', 'io.debezium.connector.mariadb.MariaDbConnector'],
  version: VERSION,
  options: mysqlOptions,
  exactlyOnce: true,
  validate,
  check: checkMysql,
  plan: (config) => [config],
  createTask: (config) => new MysqlTask(config),
  alterOffsets,
  sample: sampleMysql,
  truth: mysqlTruth,
};

const exclusive: readonly (readonly [string, string])[] = [
  ['database.include.list', 'database.exclude.list'],
  ['table.include.list', 'table.exclude.list'],
  ['column.include.list', 'column.exclude.list'],
];

function validate(config: RawConfig): readonly Problem[] {
  const problems: Problem[] = [...otherOptions.refused(config)];
  const set = (key: string): boolean => (config[key] ?? '').trim() !== '';
  for (const [include, exclude] of exclusive) {
    if (set(include) && set(exclude)) {
      problems.push({ key: exclude, message: `${include} and ${exclude} exclude each other: keep one of them` });
    }
  }
  if (set('millrace.database.ssl.cert') !== set('millrace.database.ssl.key')) {
    const key = set('millrace.database.ssl.cert') ? 'millrace.database.ssl.key' : 'millrace.database.ssl.cert';
    problems.push({ key, message: 'millrace.database.ssl.cert and millrace.database.ssl.key belong together' });
  }
  if (set('heartbeat.action.query') && Number(config['heartbeat.interval.ms'] ?? 0) === 0) {
    problems.push({ key: 'heartbeat.action.query', message: 'needs heartbeat.interval.ms greater than 0' });
  }
  if (set('signal.enabled.channels') && (config['signal.enabled.channels'] ?? '').trim() !== 'source') {
    problems.push({
      key: 'signal.enabled.channels',
      message: 'only the channel source (signal.data.collection) is supported',
    });
  }
  return problems.length > 0 ? problems : parsedProblems(config);
}

/** What only shows when the texts are taken apart: expressions, rules, parameters. */
function parsedProblems(config: RawConfig): readonly Problem[] {
  try {
    const settings = readSettings(config);
    // Compiles every expression of the lists.
    new RowFactory(settings.rows, { family: 'mysql', taskId: 0, runId: '', version: VERSION }).captures('a', 'b');
    return [];
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code === 'CONFIG_INVALID' || error.key === undefined) return [];
    const remedy = error.remedy === undefined ? '' : ` ${error.remedy}`;
    return [{ key: error.key, message: `${error.message}.${remedy}` }];
  }
}

/** A place is only taken where the server has everything after it. */
async function alterOffsets(
  { config, env }: ConnectorCall,
  offsets: Parameters<NonNullable<SourceConnector['alterOffsets']>>[1],
): Promise<void> {
  const settings = readSettings(config);
  for (const { partition, offset } of offsets) {
    if (partition['server'] !== settings.prefix) {
      throw new MillraceError(
        'MYSQL_OFFSET_PARTITION',
        `the partition ${JSON.stringify(partition)} is not of this connector`,
        { kind: 'config', remedy: `Use {"server": "${settings.prefix}"}.` },
      );
    }
    if (offset === null || isSnapshot(partition)) continue;
    const { place, server } = readOffset(offset);
    const connection = await openConnection(settings.connection, env);
    try {
      await checkPlace(connection, place, server);
    } finally {
      await connection.close();
    }
  }
}
