/**
 * What goes into `Env.crash` for `MILLRACE_CRASH_AT=name[:n]`: at the n-th passage of the point
 * (the first by default) it calls `kill`, which must not return. Undefined without a setting.
 */
export function crashAt(setting: string | undefined, kill: () => void): ((point: string) => void) | undefined {
  const text = setting?.trim() ?? '';
  if (text === '') return undefined;
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const passage = colon < 0 ? 1 : Number(text.slice(colon + 1));
  if (!Number.isInteger(passage) || passage < 1) throw new RangeError(`crash point ${text}: name[:n], n from 1`);
  let passed = 0;
  return (point) => {
    if (point === name && ++passed === passage) kill();
  };
}
