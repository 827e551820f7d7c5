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

/** An answer with known secrets hidden in its texts, as deep as they are: sampled records too (I9). */
export function hiddenTexts(value: unknown, hide: (text: string) => string, key = ''): unknown {
  if (typeof value === 'string') return NAMES.has(key) ? value : hide(value);
  if (Array.isArray(value)) return value.map((item) => hiddenTexts(item, hide, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, hiddenTexts(item, hide, name)]));
}
