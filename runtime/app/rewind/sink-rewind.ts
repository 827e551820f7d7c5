import type { ConnectorCall, SinkConnector } from '../../connector/connector.ts';
import type { SinkRewind } from '../../connector/rewind.ts';
import type { GroupOffset, Hub, PartitionOffsets } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { topicPartitionName } from '../../record/record.ts';
import type { RewindPartition, RewindPlace } from '../../rest/rewind-answers.ts';

/** A partition that goes back, before the connector was asked. */
interface Back extends SinkRewind {
  readonly committed: bigint;
  readonly held: PartitionOffsets;
}

/**
 * Where a sink's partitions stand after a rewind: any place the hub still has, but only back, and where the
 * target needs it earlier than asked for. Partitions that nothing is committed of begin at the start anyway.
 */
export async function sinkRewind(
  hub: Hub,
  connector: SinkConnector,
  call: ConnectorCall,
  committed: readonly GroupOffset[],
  place: RewindPlace,
): Promise<RewindPartition[]> {
  refuseUnknown(place, committed);
  const back: Back[] = [];
  for (const { topic, partition, offset } of committed) {
    if ((await hub.admin.describe(topic)) === null) continue;
    const held = await hub.admin.offsets({ topic, partition }, 'read_committed');
    const target = await targetOf(hub, { topic, partition }, place);
    if (target === null || target >= offset) continue;
    if (target < held.earliest) throw gone({ topic, partition, offset: target }, held.earliest);
    back.push({ topic, partition, offset: target, committed: offset, held });
  }
  const starts = (await connector.rewindFrom?.(call, back.map(bare))) ?? back;
  return back.map((one, index) => rewound(one, starts[index]?.offset ?? one.offset, place));
}

async function targetOf(
  hub: Hub,
  of: { topic: string; partition: number },
  place: RewindPlace,
): Promise<bigint | null> {
  switch (place.kind) {
    case 'time':
      return hub.admin.offsetFor(of, { timestampMs: place.timeMs }, 'read_committed');
    case 'offset':
      return place.offset;
    case 'offsets':
      return place.offsets.get(topicPartitionName(of)) ?? null;
    case 'lsn':
    case 'binlog':
      throw new MillraceError('REWIND_TARGET', 'a sink reads the hub, which has no places of a database', {
        kind: 'config',
        key: place.kind,
        remedy: 'Give a time or offsets.',
      });
  }
}

function bare({ topic, partition, offset }: SinkRewind): SinkRewind {
  return { topic, partition, offset };
}

function rewound(back: Back, start: bigint, place: RewindPlace): RewindPartition {
  const { topic, partition, offset, committed, held } = back;
  if (start < held.earliest) throw startGone(back, start);
  const records = Number(committed - start);
  const bytes = Math.round((held.sizeBytes / Math.max(1, Number(held.latest - held.earliest))) * records);
  const notes = [
    ...(start < offset ? [`begins at ${start} instead of ${offset}: there begins what the target holds of it`] : []),
    ...(place.kind === 'time' && start === held.earliest && start > 0n
      ? [`the hub begins at ${start}: what is older is gone`]
      : []),
  ];
  return {
    partition: { kafka_topic: topic, kafka_partition: partition },
    from: { kafka_offset: Number(committed) },
    to: { kafka_offset: Number(start) },
    records,
    bytes,
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

function refuseUnknown(place: RewindPlace, committed: readonly GroupOffset[]): void {
  if (place.kind !== 'offsets') return;
  const known = committed.map(topicPartitionName);
  const unknown = [...place.offsets.keys()].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new MillraceError('REWIND_PARTITION', `nothing is committed of ${unknown.join(', ')}`, {
    kind: 'config',
    key: 'offsets',
    remedy: known.length === 0 ? 'Let the connector run first.' : `Name some of ${known.join(', ')}.`,
  });
}

function gone(of: SinkRewind, earliest: bigint): MillraceError {
  const name = topicPartitionName(of);
  return new MillraceError('REWIND_GONE', `offset ${of.offset} of ${name} is gone: the hub begins at ${earliest}`, {
    kind: 'position',
    key: 'offset',
    remedy: `Rewind to ${earliest} at the earliest: --to-offset ${name}=${earliest}.`,
  });
}

function startGone({ topic, partition, offset, held }: Back, start: bigint): MillraceError {
  const name = topicPartitionName({ topic, partition });
  const message = `what the target holds of offset ${offset} of ${name} begins at ${start}, but the hub begins at ${held.earliest}: it could not be compared, and would be written twice`;
  return new MillraceError('REWIND_GONE', message, {
    kind: 'position',
    key: 'offset',
    remedy: 'Rewind to a later place, or archive the topic again with a connector and a folder of its own.',
  });
}
