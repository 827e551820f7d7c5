import type { ConnectorCall } from '../../../runtime/connector/connector.ts';
import type { RewindTarget, RewoundPartition } from '../../../runtime/connector/rewind.ts';
import type { SourceOffset } from '../../../runtime/connector/source.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';
import { openConnection } from '../connection.ts';
import { readOffset, StreamPosition, type StreamIdentity } from '../offset.ts';
import { readSettings, type PostgresSettings } from '../settings.ts';
import { readSlot, type SlotState } from '../slot/slot.ts';
import { formatLsn, parseLsn } from '../wire/lsn.ts';

/**
 * Back to an LSN that the slot still has: from `confirmed_flush_lsn`, below which the server sends nothing and
 * says nothing of it (D16), up to the stored offset. Only the stream goes back; what stands of
 * snapshots stays.
 */
export async function rewindPostgres(
  { name, config, env }: ConnectorCall,
  stored: readonly SourceOffset[],
  to: RewindTarget,
): Promise<readonly RewoundPartition[]> {
  const settings = readSettings(config);
  const stream = stored.find(({ partition }) => isStream(partition, settings));
  if (stream === undefined) throw nothingStored(name);
  const connection = await openConnection(settings.connection, env);
  try {
    const slot = await readSlot(connection, settings.replication.slot);
    const earliest = earliestOf(slot, settings.replication.slot);
    return rewound(name, stream, targetLsn(to, earliest), earliest);
  } finally {
    await connection.close();
  }
}

function nothingStored(name: string): MillraceError {
  return new MillraceError(
    'POSTGRES_REWIND_NOTHING',
    `${name} has no stored offset: there is nothing to go back from`,
    {
      kind: 'position',
      remedy: 'Wait until its first snapshot is done.',
    },
  );
}

function isStream(partition: JsonObject, { prefix }: PostgresSettings): boolean {
  return partition['server'] === prefix && Object.keys(partition).length === 1;
}

function earliestOf(slot: SlotState | undefined, name: string): bigint {
  const earliest = slot?.confirmedFlushLsn;
  if (earliest !== undefined) return earliest;
  throw new MillraceError(
    'POSTGRES_SLOT_MISSING',
    `the replication slot ${name} does not exist: nothing can be read again`,
    {
      kind: 'position',
      key: 'slot.name',
      remedy: 'Take a new snapshot: stop the connector and reset its offsets.',
    },
  );
}

function targetLsn(to: RewindTarget, earliest: bigint): bigint {
  const lsn = to.kind === 'lsn' ? parseLsn(to.lsn) : undefined;
  if (lsn !== undefined) return lsn;
  const problem = to.kind === 'lsn' ? `${to.lsn} is no LSN` : 'Postgres keeps its WAL by LSN, not by time or offset';
  throw new MillraceError('POSTGRES_REWIND_TARGET', problem, {
    kind: 'config',
    key: to.kind,
    remedy: `Give an LSN such as ${formatLsn(earliest)}, which is the earliest there is.`,
  });
}

function rewound(name: string, { partition, offset }: SourceOffset, lsn: bigint, earliest: bigint): RewoundPartition[] {
  const { place, identity } = readOffset(offset);
  if (lsn < earliest) {
    throw new MillraceError(
      'POSTGRES_REWIND_GONE',
      `${formatLsn(lsn)} is gone: the slot has confirmed everything before ${formatLsn(earliest)}, which is the earliest position that can be read again`,
      {
        kind: 'position',
        key: 'lsn',
        remedy:
          `Rewind to ${formatLsn(earliest)} or later. For what lies before it take a new snapshot: of single tables by the signal execute-snapshot, ` +
          `or of all by \`millrace connectors stop ${name}\`, \`millrace connectors offsets ${name} --reset\`, \`millrace connectors resume ${name}\`.`,
      },
    );
  }
  if (lsn >= place.flushLsn) return [];
  const beside = keysBeside(offset);
  const bytes = Number(place.flushLsn - lsn);
  const note = 'bytes of WAL, of all databases of the server: how many changes they hold shows when they are read';
  return [
    {
      partition,
      from: offset,
      to: { ...placeAt(lsn, identity), ...beside },
      records: null,
      bytes,
      note,
    },
  ];
}

/** Of the annotation: true of the tables wherever the stream stands. */
const LASTING = new Set(['millrace.known', 'millrace.left', 'millrace.stopped']);
const OF_PLACE = new Set([
  'millrace.system',
  'millrace.timeline',
  'millrace.slot',
  'millrace.flush',
  'millrace.commit',
  'millrace.index',
  'millrace.event',
]);

/** What the offset remembers beside its place and has to keep. Throws where that is true of this place only. */
function keysBeside(offset: JsonObject): JsonObject {
  const own = Object.entries(offset).filter(([key]) => key.startsWith('millrace.') && !OF_PLACE.has(key));
  if (own.every(([key]) => LASTING.has(key))) return Object.fromEntries(own);
  throw new MillraceError('POSTGRES_REWIND_SNAPSHOT', 'a snapshot is being read beside the stream', {
    kind: 'position',
    remedy: 'Wait until it is done, or stop it with the signal stop-snapshot; then rewind.',
  });
}

/** Written by Debezium it has no identity, and gets none it never had. */
function placeAt(lsn: bigint, identity: StreamIdentity | undefined): JsonObject {
  if (identity === undefined) return { lsn: Number(lsn), lsn_commit: Number(lsn), lsn_proc: Number(lsn) };
  return new StreamPosition(identity, { flushLsn: lsn, commitLsn: lsn, index: 0 }).toOffset();
}
