import type { Hub } from '../../hub/port.ts';
import { parseSchema } from '../../record/schema-json.ts';
import type { Schema } from '../../record/schema.ts';
import type { SchemaCatalog } from '../../store/schema-catalog.ts';
import { readTopic } from './read-topic.ts';

/** The schemas of a hub that is open for reading only. */
export async function readSchemas(hub: Hub, topic: string, signal: AbortSignal): Promise<Pick<SchemaCatalog, 'find'>> {
  const texts = new Map<string, string>();
  const parsed = new Map<string, Schema>();
  await readTopic(hub, topic, signal, (record) => {
    const key = record.key()?.toString();
    const value = record.value()?.toString();
    if (key !== undefined && value !== undefined) texts.set(key, value);
  });
  return {
    find(id) {
      const known = parsed.get(id);
      const text = texts.get(id);
      if (known !== undefined || text === undefined) return known;
      const schema = parseSchema(text);
      parsed.set(id, schema);
      return schema;
    },
  };
}
