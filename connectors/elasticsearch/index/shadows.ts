/** The aliases of indexes, by the name of the index. */
export type AliasesOf = Readonly<Record<string, readonly string[]>>;

/** What is behind the name of a shadow: the second its build began, and four hexadecimal digits. */
const MARK = /^\d{14}(?:[0-9a-f]{4})?$/;

/** Of the shadows of one build, those that may be removed: the name that one was built for does not lead to it. */
export function discardable(shadows: AliasesOf, suffix: string): readonly string[] {
  return Object.entries(shadows).flatMap(([shadow, aliases]) =>
    aliases.includes(shadow.slice(0, -suffix.length)) ? [] : [shadow],
  );
}

/** Shadows of a name, of other builds, that nothing leads to: those that served before, and of a build that was killed. */
export function abandoned(indexes: AliasesOf, name: string, suffix: string): readonly string[] {
  return Object.entries(indexes).flatMap(([index, aliases]) => {
    const isShadow = index.startsWith(`${name}-`) && MARK.test(index.slice(name.length + 1));
    return isShadow && aliases.length === 0 && !index.endsWith(suffix) ? [index] : [];
  });
}
