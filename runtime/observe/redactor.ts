/** What stands for a secret wherever one would be shown. */
const HIDDEN = '[hidden]';

/** Shorter values hide nothing and would spoil every text. */
const LEAST = 4;
/** Parts of a secret between commas and spaces, from this length on: what splits a list would show them one by one. */
const LEAST_PART = 6;
/** Secrets kept in mind; beyond that the oldest is forgotten. */
const MOST = 50_000;

/** Passwords of try-outs that are words of our own messages: hiding them would make these unreadable. */
const ORDINARY = new Set([
  'admin',
  'changeme',
  'config',
  'hidden',
  'millrace',
  'minioadmin',
  'password',
  'postgres',
  'root',
  'secret',
  'test',
  'true',
  'false',
  'null',
  'token',
  'user',
]);

/** `scheme://user:password@`: what drivers put into their messages. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{0,256}:)[^\s/@"'<>]{1,1024}@/gi;
/** `password=…` in connection texts; variables and placeholders are no secrets. */
const ASSIGNED = /\b((?:password|passwd|pwd|secret|token)=)(?![$<[{])[^\s"',;&)}\]]+/gi;
const TOKEN = /\bmlr_[A-Za-z0-9_-]{43}/g;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Knows the secrets this worker has seen and hides them in texts on their way out: log lines, answers,
 * stored statuses (I9). Told of them by whoever reads configurations; also hides what looks like a password
 * in an address, so that one nobody told it of does not pass either.
 */
export class Redactor {
  /** By their first characters: a text is looked through once, however many there are. */
  readonly #byStart = new Map<string, string[]>();
  readonly #known = new Set<string>();

  /** Hides this value from now on, also as JSON and URLs write it, and each longer line of it. */
  learn(value: string): void {
    const lines = value.includes('\n')
      ? value.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))
      : [];
    for (const one of [value, value.trim(), ...lines]) {
      for (const form of [one, JSON.stringify(one).slice(1, -1), encoded(one)]) this.#add(form);
    }
  }

  /** As {@link learn}, and each longer part of it that a list of it would have; also in small letters, as a host is asked for. */
  learnParts(value: string): void {
    this.learn(value);
    if (value.toLowerCase() !== value) this.learnParts(value.toLowerCase());
    const parts = value.split(/[\s,;]+/).filter((part) => part.length >= LEAST_PART && !part.startsWith('-----'));
    for (const part of parts) this.learn(part);
  }

  /** The secrets that stand in a text. */
  knownIn(text: string): readonly string[] {
    const found = new Set<string>();
    for (let at = 0; at + LEAST <= text.length; at++) {
      for (const value of this.#byStart.get(text.slice(at, at + LEAST)) ?? []) {
        if (text.startsWith(value, at)) found.add(value);
      }
    }
    return [...found];
  }

  /** The text with all secrets hidden. */
  readonly hide = (text: string): string => {
    const shown = this.#known.size === 0 ? text : this.#hideKnown(text);
    return shown.replace(URL_PASSWORD, `$1${HIDDEN}@`).replace(ASSIGNED, `$1${HIDDEN}`).replace(TOKEN, HIDDEN);
  };

  /** A value of any shape with all secrets in its texts hidden; errors become code, message and stack. */
  hideIn(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.hide(value);
    if (typeof value !== 'object' || value === null || depth > 6) return value;
    if (value instanceof Error) return this.#error(value);
    if (Array.isArray(value)) return value.map((item) => this.hideIn(item, depth + 1));
    if (ArrayBuffer.isView(value) || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return this.hideFields(value as Fields, depth + 1);
  }

  hideFields(fields: Fields, depth = 0): Fields {
    return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, this.hideIn(value, depth)]));
  }

  #error(error: Error): Fields {
    const code = 'code' in error ? { code: error.code } : {};
    const { message, stack } = error;
    return { ...code, message: this.hide(message), ...(stack === undefined ? {} : { stack: this.hide(stack) }) };
  }

  #add(value: string): void {
    if (value.length < LEAST || ORDINARY.has(value.toLowerCase()) || value === HIDDEN || this.#known.has(value)) return;
    this.#known.add(value);
    const start = value.slice(0, LEAST);
    const same = [...(this.#byStart.get(start) ?? []), value];
    this.#byStart.set(
      start,
      same.toSorted((a, b) => b.length - a.length),
    );
    const [oldest] = this.#known;
    if (this.#known.size > MOST && oldest !== undefined) this.#forget(oldest);
  }

  #forget(value: string): void {
    this.#known.delete(value);
    const start = value.slice(0, LEAST);
    const left = (this.#byStart.get(start) ?? []).filter((one) => one !== value);
    if (left.length === 0) this.#byStart.delete(start);
    else this.#byStart.set(start, left);
  }

  #hideKnown(text: string): string {
    let shown = '';
    let from = 0;
    for (let at = 0; at + LEAST <= text.length; at++) {
      const found = this.#byStart.get(text.slice(at, at + LEAST))?.find((value) => text.startsWith(value, at));
      if (found === undefined) continue;
      shown += text.slice(from, at) + HIDDEN;
      from = at + found.length;
      at = from - 1;
    }
    return from === 0 ? text : shown + text.slice(from);
  }
}

/** As in an address; half a surrogate pair cannot stand in one. */
function encoded(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value;
}

interface LevelLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** The log, with secrets hidden in all that is logged. */
export function redactedLog(log: LevelLog, redactor: Redactor): LevelLog {
  const at =
    (level: keyof LevelLog) =>
    (message: string, fields: Fields = {}): void =>
      log[level](redactor.hide(message), redactor.hideFields(fields));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
