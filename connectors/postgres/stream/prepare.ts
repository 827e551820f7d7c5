import type { Env } from '../../../runtime/env/env.ts';
import type { CatalogReader } from '../catalog/catalog-reader.ts';
import { openConnection, type Connection, type ConnectionSettings } from '../connection.ts';
import type { StoredOffset } from '../offset.ts';
import { checkResume, checkSlotName, type ServerIdentity } from '../slot/resume-check.ts';
import { quoteIdentifier, quoteLiteral } from '../quoting.ts';
import { readSlot, serverVersion, slotBusy, type SlotState } from '../slot/slot.ts';
import { formatLsn, parseLsn } from '../wire/lsn.ts';
import type { PreparedReplication } from './session-keeper.ts';

export interface ReplicationSettings {
  readonly slot: string;
  readonly publication: string;
  /** `slot.stream.params`: further pgoutput options, as they are. */
  readonly streamParams: ReadonlyMap<string, string>;
  /** `slot.max.retries` and `slot.retry.delay.ms`: how long to wait for a slot that is in use. */
  readonly slotMaxRetries: number;
  readonly slotRetryDelayMs: number;
}

/**
 * Opens a replication connection and proves that the stream may start at the place (D16): same
 * system, a timeline the place is on, a slot that is there, usable and not beyond it. A slot that
 * somebody else holds is waited for.
 */
export async function prepareReplication(
  connectionSettings: ConnectionSettings,
  settings: ReplicationSettings,
  reader: CatalogReader,
  env: Env,
  from: StoredOffset,
  signal: AbortSignal,
): Promise<PreparedReplication> {
  const { slot: name } = settings;
  checkSlotName(from.identity, name);
  const connection = await openConnection(connectionSettings, env, { replication: true, unlimited: true });
  try {
    const version = await serverVersion(connection);
    const server = await identify(connection, from);
    const slot = await freeSlot(settings, reader, env, signal);
    checkResume(from, server, slot, name);
    return {
      connection,
      identity: { systemId: server.systemId, timeline: server.timeline, slot: name },
      command: startCommand(settings, from.place.flushLsn, version),
      senderTimeoutMs: await senderTimeout(connection),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Who the server is; with a stored place on another timeline, also where that timeline ended. */
export async function identify(connection: Connection, from?: StoredOffset): Promise<ServerIdentity> {
  const row = await connection.one('identifying the server', 'IDENTIFY_SYSTEM');
  const server: ServerIdentity = {
    systemId: row?.['systemid'] ?? '',
    timeline: Number(row?.['timeline'] ?? 0),
    database: row?.['dbname'] ?? '',
    currentLsn: parseLsn(row?.['xlogpos']) ?? 0n,
  };
  const stored = from?.identity?.timeline;
  if (stored === undefined || stored >= server.timeline) return server;
  const doing = `reading the history of timeline ${server.timeline}`;
  const history = await connection.one(doing, `TIMELINE_HISTORY ${server.timeline}`);
  const forkLsn = forkOf(history?.['content'] ?? '', stored);
  return forkLsn === undefined ? server : { ...server, forkLsn };
}

/** A history file has lines `timeline <tab> LSN it ended at <tab> reason`. */
export function forkOf(history: string, timeline: number): bigint | undefined {
  for (const line of history.split('\n')) {
    const [number, lsn] = line.trim().split(/\s+/);
    if (Number(number) === timeline) return parseLsn(lsn);
  }
  return undefined;
}

/** Waits until nobody holds the slot. After the last try: an error that names who does. */
async function freeSlot(
  settings: ReplicationSettings,
  reader: CatalogReader,
  env: Env,
  signal: AbortSignal,
): Promise<SlotState | undefined> {
  const { slot: name, slotMaxRetries, slotRetryDelayMs } = settings;
  const deadline = env.clock.monotonicMs() + slotMaxRetries * slotRetryDelayMs;
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, slotRetryDelayMs)) {
    const slot = await readSlot(reader, name);
    if (slot?.active !== true) return slot;
    if (env.clock.monotonicMs() + waitMs > deadline) throw slotBusy(slot);
    await env.timers.sleep(waitMs, signal);
  }
}

async function senderTimeout(connection: Connection): Promise<number> {
  const doing = 'reading wal_sender_timeout';
  // `pg_settings` shows it in milliseconds whatever its unit in the configuration.
  const row = await connection.one(doing, "SELECT setting FROM pg_settings WHERE name = 'wal_sender_timeout'");
  return Number(row?.['setting'] ?? 0);
}

/**
 * Protocol version 1 is enough: later ones add in-progress and prepared transactions, which we do
 * not ask for. A transaction then comes whole after its commit, in order, and the server holds it
 * until then, not we (I7). Logical messages need PostgreSQL 14.
 */
function startCommand(settings: ReplicationSettings, lsn: bigint, version: number): string {
  const options = new Map<string, string>([
    ['proto_version', '1'],
    ['publication_names', quoteIdentifier(settings.publication)],
    ...(version >= 14 ? [['messages', 'true'] as const] : []),
    ...settings.streamParams,
  ]);
  const list = [...options].map(([key, value]) => `${quoteIdentifier(key)} ${quoteLiteral(value)}`).join(', ');
  return `START_REPLICATION SLOT ${quoteIdentifier(settings.slot)} LOGICAL ${formatLsn(lsn)} (${list})`;
}
