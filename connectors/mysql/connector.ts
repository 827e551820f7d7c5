import { isSnapshot, requireOwn } from '../../runtime/change/stream-offset.ts';
import type { ConnectorCall, SourceConnector } from '../../runtime/connector/connector.ts';
import type { OptionProblem } from '../../runtime/change/options/compatibility-options.ts';
import { contradictions, unpaired, thrownProblems } from '../../runtime/change/options/option-problems.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { checkMysql } from './check/check.ts';
import { openConnection } from './connection.ts';
import { readOffset } from './offset.ts';
import { mysqlOptions } from './options.ts';
import { otherOptions } from './options/other-options.ts';
import { RowFactory } from './row/table-rows.ts';
import { sampleMysql } from './sample/sample-rows.ts';
import { rewindMysql } from './rewind/rewind.ts';
import { readSettings } from './settings.ts';
import { checkPlace } from './stream/place-check.ts';
import { mysqlTruth } from './truth/mysql-truth.ts';
import { MysqlTask } from './task.ts';

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
  rewind: rewindMysql,
  truth: mysqlTruth,
};

const exclusive: readonly (readonly [string, string])[] = [
  ['database.include.list', 'database.exclude.list'],
  ['table.include.list', 'table.exclude.list'],
  ['column.include.list', 'column.exclude.list'],
  ['gtid.source.includes', 'gtid.source.excludes'],
];

function validate(config: RawConfig): readonly OptionProblem[] {
  const problems = [
    ...otherOptions.refused(config),
    ...contradictions(config, exclusive),
    ...unpaired(config, 'millrace.database.ssl.cert', 'millrace.database.ssl.key'),
  ];
  if (problems.length > 0) return problems;
  return thrownProblems(() => {
    const { rows } = readSettings(config);
    // Compiles every expression of the lists.
    new RowFactory(rows, { family: 'mysql', taskId: 0, runId: '', version: VERSION }).captures('a', 'b');
  });
}

/** A place is only taken where the server has everything after it. */
async function alterOffsets(
  { config, env }: ConnectorCall,
  offsets: Parameters<NonNullable<SourceConnector['alterOffsets']>>[1],
): Promise<void> {
  const settings = readSettings(config);
  for (const { partition, offset } of offsets) {
    requireOwn(partition, settings.prefix, 'MYSQL_OFFSET_PARTITION');
    if (offset === null || isSnapshot(partition)) continue;
    const { place, server } = readOffset(offset);
    const connection = await openConnection(settings.connection, env);
    try {
      await checkPlace(connection, place, server, settings.sources);
    } finally {
      await connection.close();
    }
  }
}
