import type { Env } from '../env/env.ts';
import type { Hub } from '../hub/port.ts';
import { parseSchema, schemaId, schemaIdText, schemaJson } from '../record/schema-json.ts';
import type { Schema } from '../record/schema.ts';
import { CompactedTopic } from './compacted-topic.ts';
import type { SchemaCatalog } from './schema-catalog.ts';

export interface SchemaStoreOptions {
  readonly hub: Hub;
  readonly env: Env;
  readonly topic: string;
  /** Called once if the topic can no longer be followed. */
  readonly failed: (error: Error) => void;
}

/**
 * The schemas that schema headers name, in a compacted topic: key the id in hex digits, value the
 * schema's JSON (D14). Every thread that needs it has its own view of the topic.
 */
export class SchemaStore implements SchemaCatalog {
  readonly #topic: CompactedTopic;
  readonly #texts: Map<string, string>;
  readonly #parsed = new Map<string, Schema>();
  readonly #durable = new WeakSet<Schema>();

  private constructor(topic: CompactedTopic, texts: Map<string, string>) {
    this.#topic = topic;
    this.#texts = texts;
  }

  static async open(options: SchemaStoreOptions, signal: AbortSignal): Promise<SchemaStore> {
    const { hub, env, topic } = options;
    const texts = new Map<string, string>();
    const opened = await CompactedTopic.open(
      {
        hub,
        env,
        topic,
        partitions: 1,
        apply: ({ key, value }) => {
          if (value !== null) texts.set(key, value.toString());
        },
        failed: options.failed,
      },
      signal,
    );
    return new SchemaStore(opened, texts);
  }

  id(schema: Schema): Uint8Array {
    return schemaId(schema);
  }

  isDurable(schema: Schema): boolean {
    if (this.#durable.has(schema)) return true;
    if (!this.#texts.has(schemaIdText(schema))) return false;
    this.#durable.add(schema);
    return true;
  }

  async ensure(schemas: Iterable<Schema>): Promise<void> {
    const missing = new Map<string, string>();
    for (const schema of schemas) {
      if (!this.isDurable(schema)) missing.set(schemaIdText(schema), schemaJson(schema));
    }
    if (missing.size > 0) await this.#topic.putAll([...missing].map(([key, value]) => ({ key, value })));
  }

  find(id: string): Schema | undefined {
    const known = this.#parsed.get(id);
    if (known !== undefined) return known;
    const text = this.#texts.get(id);
    if (text === undefined) return undefined;
    const schema = parseSchema(text);
    this.#parsed.set(id, schema);
    return schema;
  }

  load(): Promise<void> {
    return this.#topic.readToEnd();
  }

  /** Idempotent. */
  close(): Promise<void> {
    return this.#topic.close();
  }
}
