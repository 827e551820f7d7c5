/** Names: what is looked up by them. Everything else may be data, somebody's message, or come from a variable. */
const NAMES = new Set([
  'action',
  'change',
  'class',
  'code',
  'field',
  'from',
  'hash',
  'name',
  'offset',
  'part',
  'stage',
  'type',
  'version',
]);

/** In a sample: words of ours. Fields, objects and topics there may have their names from a variable. */
const SAMPLE_NAMES = new Set(['change', 'code', 'from', 'part', 'stage', 'type']);

/** An answer with known secrets hidden in its texts, as deep as they are: sampled records too (I9). */
export function hiddenTexts(value: unknown, hide: (text: string) => string, key = '', names = NAMES): unknown {
  if (typeof value === 'string') return names.has(key) ? value : hide(value);
  if (Array.isArray(value)) return value.map((item) => hiddenTexts(item, hide, key, names));
  if (typeof value !== 'object' || value === null) return value;
  const inner = key === 'sample' ? SAMPLE_NAMES : names;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hiddenTexts(item, hide, name, inner)]));
}
