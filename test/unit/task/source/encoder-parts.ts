import type { HubProducer } from '../../../../runtime/hub/port.ts';
import { schemaId } from '../../../../runtime/record/schema-json.ts';
import type { Schema } from '../../../../runtime/record/schema.ts';
import type { Failures } from '../../../../runtime/task/source/record-encoder.ts';
import type { SchemaCatalog } from '../../../../runtime/store/schema-catalog.ts';

function refuse(): never {
  throw new Error('not here');
}

/** A producer that knows how many partitions a topic has, and nothing else. */
export function partitionsOnly(partitions: number): HubProducer {
  return {
    partitions: () => Promise.resolve(partitions),
    append: refuse,
    begin: refuse,
    addOffsets: refuse,
    commit: refuse,
    abort: refuse,
    close: () => Promise.resolve(),
  };
}

/** A schema catalog in memory; `ensured` is what was made durable, in order. */
export function memoryCatalog(ensured: Schema[] = []): SchemaCatalog {
  const durable = new Set<Schema>();
  return {
    id: schemaId,
    isDurable: (schema) => durable.has(schema),
    ensure: (schemas) => {
      for (const schema of schemas) {
        durable.add(schema);
        ensured.push(schema);
      }
      return Promise.resolve();
    },
    find: () => undefined,
    load: () => Promise.resolve(),
  };
}

/** A record that cannot be encoded ends the test. */
export const stopping: Failures = {
  failed: ({ error }) => {
    throw error;
  },
};
