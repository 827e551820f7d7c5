import type { Env } from '../../../env/env.ts';
import type { Hub, HubAdmin, HubGroups, HubProducer, HubReader, ProducerOptions, ReaderOptions } from '../../port.ts';
import { EmbeddedAdmin } from './admin.ts';
import { hubClosed } from '../errors.ts';
import { EmbeddedGroups } from './groups.ts';
import { EmbeddedProducer } from './producer.ts';
import { EmbeddedReader } from './reader.ts';
import type { HubStats } from '../channel/protocol.ts';
import type { Store } from '../store/store.ts';
import type { Watermark } from '../store/watermark.ts';
import type { WriterLink } from './writer-link.ts';

const DEFAULT_TRANSACTION_TIMEOUT_MS = 60_000;
const DEFAULT_READ_BYTES = 1024 * 1024;

/** What a client of the embedded hub works with. */
export interface ClientParts {
  readonly hubId: string;
  readonly store: Store;
  readonly watermark: Watermark;
  readonly env: Env;
  readonly link: WriterLink;
  /** Closes what was opened for this client. */
  readonly release: () => Promise<void>;
}

/** A client: changes go to the writer, reads go to the store. */
export class EmbeddedHub implements Hub {
  readonly id: string;
  readonly admin: HubAdmin;
  readonly groups: HubGroups;
  readonly #parts: ClientParts;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #closing: Promise<void> | null = null;

  constructor(parts: ClientParts) {
    this.id = parts.hubId;
    this.#parts = parts;
    this.admin = new EmbeddedAdmin(parts);
    this.groups = new EmbeddedGroups(parts);
  }

  async producer(options: ProducerOptions): Promise<HubProducer> {
    if (this.#closing !== null) throw hubClosed();
    const connection = this.#parts.link.writing();
    const { producerId, epoch } = await connection.ask('initProducer', {
      transactionalId: options.transactionalId ?? null,
      timeoutMs: options.transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
    });
    const producer = new EmbeddedProducer({
      connection,
      admin: this.admin,
      producerId,
      epoch,
      options,
      closed: () => this.#open.delete(producer),
    });
    this.#open.add(producer);
    return producer;
  }

  async reader(options: ReaderOptions): Promise<HubReader> {
    if (this.#closing !== null) throw hubClosed();
    const reader = new EmbeddedReader({
      store: this.#parts.store,
      watermark: this.#parts.watermark,
      link: this.#parts.link,
      env: this.#parts.env,
      isolation: options.isolation,
      maxBytes: options.maxBytes ?? DEFAULT_READ_BYTES,
      closed: () => this.#open.delete(reader),
    });
    this.#open.add(reader);
    return reader;
  }

  /** Null where no writer runs. */
  async stats(): Promise<HubStats | null> {
    return (await this.#parts.link.connection?.ask('stats', null)) ?? null;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const part of this.#open) await part.close();
    this.#parts.link.close();
    await this.#parts.release();
  }
}
