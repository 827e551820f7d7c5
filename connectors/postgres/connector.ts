import { isSnapshot, requireOwn } from '../../runtime/change/stream-offset.ts';
import type { ConnectorCall, SourceConnector } from '../../runtime/connector/connector.ts';
import type { OptionProblem } from '../../runtime/change/options/compatibility-options.ts';
import { contradictions, unpaired, thrownProblems } from '../../runtime/change/options/option-problems.ts';
import type { RawConfig } from '../../runtime/connector/options.ts';
import { VERSION } from '../../runtime/connector/version.ts';
import { MillraceError } from '../../runtime/record/error.ts';
import { checkPostgres } from './check/check.ts';
import { openConnection } from './connection.ts';
import { readOffset } from './offset.ts';
import { postgresOptions } from './options.ts';
import { otherOptions } from './options/other-options.ts';
import { rewindPostgres } from './rewind/rewind.ts';
import { RowFactory } from './row/table-rows.ts';
import { samplePostgres } from './sample/sample-rows.ts';
import { readSettings } from './settings.ts';
import { dropPublication, replicaIdentityStatements } from './slot/publication.ts';
import { dropSlot, readSlot } from './slot/slot.ts';
import { PostgresTask } from './task.ts';
import { postgresTruth } from './truth/postgres-truth.ts';

/** The Postgres change source. One task: a slot has one reader. */
export const postgresConnector: SourceConnector = {
  kind: 'source',
  className: 'postgres',
  aliases: ['io.debezium.connector.postgresql.PostgresConnector'],
  version: VERSION,
  options: postgresOptions,
  exactlyOnce: true,
  validate,
  check: checkPostgres,
  plan: (config) => [config],
  createTask: (config) => new PostgresTask(config),
  alterOffsets,
  sample: samplePostgres,
  rewind: rewindPostgres,
  destroy,
  truth: postgresTruth,
};

const exclusive: readonly (readonly [string, string])[] = [
  ['schema.include.list', 'schema.exclude.list'],
  ['table.include.list', 'table.exclude.list'],
  ['column.include.list', 'column.exclude.list'],
  ['message.prefix.include.list', 'message.prefix.exclude.list'],
];

function validate(config: RawConfig): readonly OptionProblem[] {
  const problems = [
    ...otherOptions.refused(config),
    ...contradictions(config, exclusive),
    ...unpaired(config, 'database.sslcert', 'database.sslkey'),
  ];
  if (config['plugin.name']?.trim().toLowerCase() === 'decoderbufs') {
    problems.push({
      key: 'plugin.name',
      message: 'decoderbufs is not supported: set plugin.name=pgoutput, which every server has, and another slot.name',
    });
  }
  if (problems.length > 0) return problems;
  return thrownProblems(() => {
    const settings = readSettings(config);
    replicaIdentityStatements(settings.publication.replicaIdentities, []);
    const origin = { database: settings.connection.database, taskId: 0, runId: '', version: VERSION };
    // Compiles every expression of the lists.
    new RowFactory(settings.rows, origin).captures('public', 'table');
  });
}

/** The slot cannot be moved back: an offset below what it confirmed would have a gap. */
async function alterOffsets(
  { config, env }: ConnectorCall,
  offsets: Parameters<NonNullable<SourceConnector['alterOffsets']>>[1],
): Promise<void> {
  const settings = readSettings(config);
  for (const { partition, offset } of offsets) {
    requireOwn(partition, settings.prefix, 'POSTGRES_OFFSET_PARTITION');
    if (offset === null || isSnapshot(partition)) continue;
    const { place } = readOffset(offset);
    const connection = await openConnection(settings.connection, env);
    try {
      const slot = await readSlot(connection, settings.replication.slot);
      const confirmed = slot?.confirmedFlushLsn;
      if (slot !== undefined && confirmed !== undefined && confirmed > place.flushLsn && !settings.trustSlot) {
        throw new MillraceError(
          'POSTGRES_SLOT_AHEAD',
          `the offset ${JSON.stringify(offset)} lies before what the slot ${slot.name} has confirmed: those changes are gone from it`,
          {
            kind: 'position',
            key: 'slot.name',
            remedy: 'Choose a later place, or delete the offsets to take a new snapshot.',
          },
        );
      }
    } finally {
      await connection.close();
    }
  }
}

/** Drops the slot, and the publication if it was created for it: others may follow one that somebody else made. */
async function destroy({ config, env }: ConnectorCall): Promise<readonly string[]> {
  const settings = readSettings(config);
  const { slot } = settings.replication;
  const { name } = settings.publication;
  const connection = await openConnection(settings.connection, env);
  try {
    const done: string[] = [];
    if (await dropSlot(connection, slot)) done.push(`dropped the replication slot ${slot}`);
    if (await dropPublication(connection, name, slot)) done.push(`dropped the publication ${name}`);
    return done;
  } finally {
    await connection.close();
  }
}
