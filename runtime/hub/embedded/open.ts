import type { MessagePort } from 'node:worker_threads';
import type { Env } from '../../env/env.ts';
import { PortChannel } from './channel/channel.ts';
import { Connection } from './client/connection.ts';
import { lookAtDataFile } from './store/data-file.ts';
import { EmbeddedHub } from './client/embedded-hub.ts';
import { hubMissing } from './errors.ts';
import type { ClientFrame, ServerFrame } from './channel/protocol.ts';
import { HubServer, type HubOptions } from './writer/server.ts';
import { Store } from './store/store.ts';
import { RemoteWatermark, SharedWatermark } from './store/watermark.ts';
import { LocalLink, RemoteLink } from './client/writer-link.ts';

export interface HubPlace {
  /** Directory of the hub. */
  readonly path: string;
  readonly env: Env;
}

/** Starts the writer, in this thread. `HUB_IN_USE` where another process has it. */
export function startHubServer(place: HubPlace & { readonly options?: HubOptions }): Promise<HubServer> {
  return HubServer.start(place.path, place.env, place.options);
}

/** A client of a writer in this process, over a port of `server.connect()`. The port belongs to the hub. */
export async function connectHub(port: MessagePort, { path, env }: HubPlace): Promise<EmbeddedHub> {
  const connection = new Connection(new PortChannel<ClientFrame, ServerFrame>(port), env);
  const hello = await connection.hello;
  const store = new Store(path);
  const watermark = new SharedWatermark(hello.shared ?? undefined);
  store.neverBehind(() => watermark.syncedSeq());
  return new EmbeddedHub({
    hubId: hello.hubId,
    store,
    watermark,
    env,
    link: new LocalLink(connection),
    release: () => store.close(),
  });
}

/** Writer and client in this thread, for tests and local commands. */
export async function openHub(
  place: HubPlace & { readonly options?: HubOptions },
): Promise<EmbeddedHub & { readonly server: HubServer }> {
  const server = await startHubServer(place);
  const connection = new Connection(server.connectLocal(), place.env);
  const hello = await connection.hello;
  const hub = new EmbeddedHub({
    hubId: hello.hubId,
    store: server.store,
    watermark: new SharedWatermark(hello.shared ?? undefined),
    env: place.env,
    link: new LocalLink(connection),
    release: () => server.close(),
  });
  return Object.assign(hub, { server });
}

/**
 * Reads a hub that another process may be writing. While a writer runs it tells how far is durable
 * and wakes readers; without one, everything in the file is synced once and then read.
 */
export async function openHubForReading({ path, env }: HubPlace): Promise<EmbeddedHub> {
  if ((await lookAtDataFile(path, env)) !== 'there') throw hubMissing(path);
  const store = new Store(path, { readOnly: true });
  try {
    const identity = store.read(() => store.identity());
    const watermark = new RemoteWatermark();
    store.neverBehind(() => watermark.syncedSeq());
    const link = new RemoteLink(path, store, watermark, env);
    await link.look();
    return new EmbeddedHub({ hubId: identity.hubId, store, watermark, env, link, release: () => store.close() });
  } catch (error) {
    await store.close();
    throw error;
  }
}
