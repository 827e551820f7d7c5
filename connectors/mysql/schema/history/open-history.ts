import type { SourceTaskStart } from '../../../../runtime/connector/source.ts';
import { MillraceError } from '../../../../runtime/record/error.ts';
import { openConnection, type ConnectionSettings } from '../../connection.ts';
import type { RowFactory } from '../../row/table-rows.ts';
import { PresentStructure } from './present-structure.ts';
import { ReadAhead } from './read-ahead.ts';
import { SchemaHistory } from './schema-history.ts';

interface HistorySettings {
  readonly connection: ConnectionSettings;
  /** `topic.prefix` */
  readonly prefix: string;
  /** `schema.history.internal.kafka.topic` */
  readonly historyTopic: string;
  /** `schema.history.internal.store.only.captured.tables.ddl` */
  readonly historyOfCaptured: boolean;
}

/** The schema history of a task; it has neither begun nor gone on yet. `server`: `@@server_uuid`. */
export async function openHistory(
  { env, context, signal, journal: open }: SourceTaskStart,
  { connection, prefix, historyTopic, historyOfCaptured }: HistorySettings,
  server: string,
  rows: RowFactory,
): Promise<SchemaHistory> {
  if (open === undefined) throw noHub();
  context.stage(`reading the schema history ${historyTopic}`);
  const journal = await open(historyTopic);
  context.info('schema_history', historyTopic);
  const ahead = new ReadAhead(server, (text) => context.idle(text));
  const present = new PresentStructure(() => openConnection(connection, env, { plain: true }), ahead);
  return new SchemaHistory(
    {
      env,
      prefix,
      server,
      journal,
      present,
      onlyCaptured: historyOfCaptured,
      captures: rows.captures,
      known: (tables) => context.gauge('schema_history_tables', tables),
    },
    signal,
  );
}

function noHub(): MillraceError {
  return new MillraceError('MYSQL_NO_HISTORY', 'a schema history needs a hub to be written to', {
    kind: 'bug',
    remedy: 'Run the connector in a worker.',
  });
}
