import type { TSchema } from 'typebox';
import { declared, isRequired, type OptionSet } from '../../runtime/connector/options.ts';

/**
 * A JSON Schema of a flat configuration. Values may be texts, as Kafka Connect's REST has them, or of
 * the option's own type.
 */
export function configSchema(id: string, title: string, sets: readonly OptionSet[]): object {
  const properties = new Map<string, TSchema>();
  for (const set of sets) {
    for (const [key, schema] of Object.entries(set.schema.properties)) {
      if (!properties.has(key)) properties.set(key, schema);
    }
  }
  const patterns = sets.flatMap((set) => set.patterns ?? []);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:millrace:schema:${id}`,
    title,
    type: 'object',
    properties: Object.fromEntries([...properties].map(([key, schema]) => [key, valueSchema(schema)])),
    patternProperties: Object.fromEntries(patterns.map(({ key, schema }) => [key.source, valueSchema(schema)])),
    required: [...properties].filter(([key, schema]) => key !== 'name' && isRequired(schema)).map(([key]) => key),
  };
}

function valueSchema(schema: TSchema): object {
  const {
    type,
    description,
    default: fallback,
    minimum,
    maximum,
    pattern,
    minLength,
    enum: words,
    group,
  } = declared(schema);
  const shared = {
    description,
    ...(fallback === undefined ? {} : { default: Array.isArray(fallback) ? fallback.join(',') : fallback }),
    ...(group === undefined ? {} : { 'x-group': group }),
  };
  if (words !== undefined) return { ...shared, type: 'string', enum: words };
  const limits = definedOnly({ minimum, maximum });
  const text = definedOnly({ pattern, minLength });
  switch (type) {
    case 'BOOLEAN':
      return {
        ...shared,
        anyOf: [{ type: 'boolean' }, { type: 'string', pattern: '^(?:[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$' }],
      };
    case 'INT':
    case 'LONG':
    case 'SHORT':
      return {
        ...shared,
        anyOf: [
          { type: 'integer', ...limits },
          { type: 'string', pattern: String.raw`^(?:\s*[+-]?\d+\s*|.*\$\{.+\}.*)$` },
        ],
      };
    case 'DOUBLE':
      return { ...shared, anyOf: [{ type: 'number', ...limits }, { type: 'string' }] };
    case 'PASSWORD':
      return { ...shared, type: 'string', writeOnly: true, ...text };
    case 'STRING':
    case 'CLASS':
    case 'LIST':
      return { ...shared, type: 'string', ...text };
  }
}

function definedOnly(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
