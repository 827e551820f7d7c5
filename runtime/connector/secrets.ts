import { declared, findOption, HIDDEN, type OptionSet, type RawConfig } from './options.ts';

/** Keys nobody declares that look like a secret. */
const SECRET_KEY =
  /password|passwd|passphrase|secret|token|credential|jaas\.config|private\.?key|access\.?key|api\.?key|keystore\.key|user\.info|authorization/i;

/** The password in `scheme://user:password@host`: between the last two groups. Passwords may hold an @ themselves. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]{0,20}:\/\/[^\s/:@]*:)([^\s/]+)(?=@)/gi;

/** A value as it is stored where secrets are encrypted (settings/secret-vault.ts). */
export function isSealed(value: string): boolean {
  return /^millrace:sealed:1:[0-9a-f]{8}:[A-Za-z0-9+/=]+$/.test(value);
}

/** The secrets in a value: the whole of it, or the passwords of the addresses in it. */
export function secretsIn(sets: readonly OptionSet[], key: string, value: string): readonly string[] {
  if (isSecret(sets, key)) return [value];
  return [...value.matchAll(URL_PASSWORD)].flatMap(([, , password = '']) => [password]);
}

/** A value with its secrets hidden; variables stay. */
function hidden(sets: readonly OptionSet[], key: string, value: string): string {
  if (isSealed(value)) return HIDDEN;
  if (isSecret(sets, key)) return isVariable(value) ? value : HIDDEN;
  return value.replace(URL_PASSWORD, (whole, before: string, password: string) =>
    isVariable(password) ? whole : before + HIDDEN,
  );
}

/** True for a key whose value must never be shown: a declared password, or an unknown key that looks like one. */
export function isSecret(sets: readonly OptionSet[], key: string): boolean {
  for (const set of sets) {
    const schema = findOption(set, key);
    if (schema !== undefined) return declared(schema).type === 'PASSWORD';
  }
  return SECRET_KEY.test(key);
}

/** The configuration with its secrets hidden (I9); values that are config-provider variables stay. */
export function redact(sets: readonly OptionSet[], raw: RawConfig): RawConfig {
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, hidden(sets, key, value)]));
}

/** Puts the stored value back where a secret comes back as it was shown. */
export function unredact(raw: RawConfig, stored: RawConfig): RawConfig {
  const restored = ([key, value]: [string, string]): [string, string] => {
    const before = stored[key];
    const same =
      before !== undefined && (value === HIDDEN || (value.includes(HIDDEN) && value === hidden([], key, before)));
    return [key, same ? before : value];
  };
  return Object.fromEntries(Object.entries(raw).map(restored));
}

/** `${provider:path:key}` as a whole. */
function isVariable(value: string): boolean {
  return /^\$\{[^}]*:[^}]*\}$/.test(value);
}
