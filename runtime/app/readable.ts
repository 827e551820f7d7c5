const strict = new TextDecoder('utf-8', { fatal: true });

/** Bytes for people: JSON decoded, other text as text, anything else in base 64. */
export function readable(bytes: Uint8Array | null): unknown {
  if (bytes === null) return null;
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    return `base64:${Buffer.from(bytes).toString('base64')}`;
  }
  try {
    return exactJson(text);
  } catch {
    return text;
  }
}

/** JSON whose numbers keep their digits when it is written again. Throws where it is none. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, exactNumber) as unknown;
}

/** The payload of JSON with its schema. */
export function payload(value: unknown): unknown {
  const isEnvelope = typeof value === 'object' && value !== null && 'schema' in value && 'payload' in value;
  return isEnvelope ? value.payload : value;
}

/** Numbers keep their digits: those a double cannot hold become raw JSON again when printed. */
function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
  const raw = (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON;
  return raw === undefined ? source : raw(source);
}
