import { streamOptions } from '../../../runtime/change/options/stream-options.ts';
import { option } from '../../../runtime/connector/options.ts';

const group = 'Replication';

/** Slot, publication, and how the stream behaves. */
export const replicationOptions = {
  'plugin.name': option.oneOf(['pgoutput', 'decoderbufs'], {
    doc: 'Output plug-in of the slot. Only pgoutput, which every server has (Debezium’s default is decoderbufs).',
    group,
    displayName: 'Plugin',
    default: 'pgoutput',
  }),
  'slot.name': option.string({
    doc: 'Replication slot; created at the first start. One per connector.',
    group,
    displayName: 'Slot',
    default: 'debezium',
    pattern: '^[a-z0-9_]{1,63}$',
  }),
  'slot.drop.on.stop': option.boolean({
    doc: 'Whether to drop the slot whenever the task stops. Then changes made while it is stopped are lost: for tests.',
    group,
    displayName: 'Drop slot on stop',
    default: false,
  }),
  'slot.failover': option.boolean({
    doc: 'Whether the slot is created to be synchronised to standbys (PostgreSQL 17 and later).',
    group,
    displayName: 'Slot failover',
    default: false,
  }),
  'slot.stream.params': option.string({
    doc: 'Further pgoutput options, as name=value;name=value.',
    importance: 'LOW',
    group,
    displayName: 'Stream parameters',
    optional: true,
  }),
  'slot.max.retries': option.int({
    doc: 'How many delays to wait for a slot that is in use.',
    importance: 'LOW',
    group,
    displayName: 'Retry count',
    default: 6,
    minimum: 0,
  }),
  'slot.retry.delay.ms': option.long({
    doc: 'Such a delay, in milliseconds.',
    importance: 'LOW',
    group,
    displayName: 'Retry delay',
    default: 10_000,
    minimum: 1,
  }),
  'publication.name': option.string({
    doc: 'Publication that the stream follows.',
    group,
    displayName: 'Publication',
    default: 'dbz_publication',
    minLength: 1,
    maxLength: 63,
  }),
  'publication.autocreate.mode': option.oneOf(['all_tables', 'disabled', 'filtered', 'no_tables'], {
    doc: 'Where the publication is missing. all_tables: create it FOR ALL TABLES (needs a superuser). filtered: create it for the captured tables, and set them anew at every start. no_tables: create it empty, for tables to be added by hand. disabled: it must exist.',
    group,
    displayName: 'Publication Auto Create Mode',
    default: 'all_tables',
  }),
  'publish.via.partition.root': option.boolean({
    doc: 'Whether a created publication shows changes of partitions as changes of their root table.',
    importance: 'LOW',
    group,
    displayName: 'Publish via partition root',
    default: false,
  }),
  'replica.identity.autoset.values': option.string({
    doc: 'Replica identities to set at the start: <schema.table>:<DEFAULT|FULL|NOTHING|INDEX name>, …; the table is a regular expression.',
    group,
    displayName: 'Replica identities to set',
    optional: true,
  }),
  'status.update.interval.ms': option.int({
    doc: 'How often at least the server hears what is durable, and an idle slot moves, in milliseconds.',
    group,
    displayName: 'Status update interval',
    default: 10_000,
    minimum: 10,
  }),
  ...streamOptions(group, 'Idle slots move without them.'),
  'offset.mismatch.strategy': option.oneOf(['no_validation', 'trust_offset', 'trust_slot', 'trust_greater_lsn'], {
    doc: 'Where the slot is ahead of the stored offset, or no offset is stored for a slot that exists. trust_slot, trust_greater_lsn: go on from the slot, whatever is missing. The others: stop and name the gap (Debezium’s default, no_validation, goes on silently).',
    group,
    displayName: 'Offset mismatch strategy',
    default: 'no_validation',
  }),
  'message.prefix.include.list': option.string({
    doc: 'Regular expressions of logical message prefixes that make records; by default all do.',
    group,
    displayName: 'Include message prefixes',
    optional: true,
  }),
  'message.prefix.exclude.list': option.string({
    doc: 'Regular expressions of logical message prefixes that make none. Not together with the include list.',
    group,
    displayName: 'Exclude message prefixes',
    optional: true,
  }),
  'millrace.slot.adopt': option.boolean({
    doc: 'Whether to go on from a slot that exists though no offset is stored: what it confirmed before is taken as known.',
    importance: 'LOW',
    group,
    displayName: 'Adopt slot',
    default: false,
  }),
  'millrace.slot.poll.interval.ms': option.int({
    doc: 'How often the slot’s lag, its retained WAL and the tables of the publication are looked at, in milliseconds.',
    importance: 'LOW',
    group,
    displayName: 'Slot poll interval',
    default: 10_000,
    minimum: 100,
  }),
  'millrace.wal.warning.ratio': option.double({
    doc: 'Share of max_slot_wal_keep_size the slot may retain before a warning is shown.',
    importance: 'LOW',
    group,
    displayName: 'Retained WAL warning',
    default: 0.7,
    minimum: 0.01,
    maximum: 1,
  }),
};
