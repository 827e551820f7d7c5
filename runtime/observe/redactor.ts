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

/** A password that is a plain word may be the name of something too: in the middle of an option's key it is that. */
const WORD = /^[a-z]{1,10}$/i;

type Fields = Readonly<Record<string, unknown>>;

/** What is told of secrets. */
export interface SecretListener {
  learn(value: string): void;
  learnParts(value: string): void;
}

/**
 * Knows the secrets this worker has seen and hides them in texts on their way out: log lines, answers,
 * stored statuses (I9). Told of them by whoever reads configurations; also hides what looks like a password
 * in an address, so that one nobody told it of does not pass either.
 */
export class Redactor implements SecretListener {
  /** By their first characters: a text is looked through once, however many there are. */
  readonly #byStart = new Map<string, string[]>();
  readonly #known = new Set<string>();
  /** Of them those that nobody but a request has told, and how many requests have. */
  readonly #lent = new Map<string, number>();

  /** Hides this value from now on, also as JSON and URLs write it, and each longer line of it. */
  learn(value: string): void {
    for (const form of formsOf(value)) {
      this.#add(form);
      this.#lent.delete(form);
    }
  }

  /** As {@link learn}, and each longer part of it that a list of it would have; also in small letters, as a host is asked for. */
  learnParts(value: string): void {
    for (const part of partsOf(value)) this.learn(part);
  }

  /**
   * Carries out a request about a configuration that nobody runs: its secrets are hidden while it lasts, in its
   * result and its error too, and forgotten afterwards. Otherwise every word that was ever tried as a password would
   * be hidden in the texts of others.
   */
  async during<T>(work: (secrets: SecretListener) => Promise<T>): Promise<T> {
    const told = new Set<string>();
    const learn = (value: string): void => {
      for (const form of formsOf(value)) if (!told.has(form) && this.#lend(form)) told.add(form);
    };
    try {
      return this.hideIn(await work({ learn, learnParts: (value) => partsOf(value).forEach(learn) })) as T;
    } catch (error) {
      throw this.#hiddenError(error);
    } finally {
      for (const form of told) this.#giveBack(form);
    }
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

  /** The same error, its secrets hidden, whoever shows it later. */
  #hiddenError(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const { remedy } = error as { readonly remedy?: unknown };
    error.message = this.hide(error.message);
    if (error.stack !== undefined) error.stack = this.hide(error.stack);
    return typeof remedy === 'string' ? Object.assign(error, { remedy: this.hide(remedy) }) : error;
  }

  /** Whether it is to be given back. */
  #lend(value: string): boolean {
    const lent = this.#lent.get(value);
    if (lent === undefined && this.#known.has(value)) return false;
    this.#add(value);
    if (this.#known.has(value)) this.#lent.set(value, (lent ?? 0) + 1);
    return this.#known.has(value);
  }

  #giveBack(value: string): void {
    const lent = this.#lent.get(value);
    if (lent === undefined) return; // a connector has it since
    if (lent > 1) this.#lent.set(value, lent - 1);
    else this.#forget(value);
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
    this.#lent.delete(value);
    const start = value.slice(0, LEAST);
    const left = (this.#byStart.get(start) ?? []).filter((one) => one !== value);
    if (left.length === 0) this.#byStart.delete(start);
    else this.#byStart.set(start, left);
  }

  #hideKnown(text: string): string {
    let shown = '';
    let from = 0;
    for (let at = 0; at + LEAST <= text.length; at++) {
      const found = this.#byStart.get(text.slice(at, at + LEAST))?.find((value) => stands(value, text, at));
      if (found === undefined) continue;
      shown += text.slice(from, at) + HIDDEN;
      from = at + found.length;
      at = from - 1;
    }
    return from === 0 ? text : shown + text.slice(from);
  }
}

/** A secret as texts may show it: as it is, in JSON, in an address, by its lines. */
function formsOf(value: string): string[] {
  const lines = value.includes('\n')
    ? value.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('-----'))
    : [];
  return [value, value.trim(), ...lines].flatMap((one) => [one, JSON.stringify(one).slice(1, -1), encoded(one)]);
}

function partsOf(value: string): string[] {
  const parts = value.split(/[\s,;]+/).filter((part) => part.length >= LEAST_PART && !part.startsWith('-----'));
  const lower = value.toLowerCase();
  return [value, ...parts, ...(lower === value ? [] : partsOf(lower))];
}

/** Whether a secret stands here; a plain word between the dots of an option's key is the key's. */
function stands(value: string, text: string, at: number): boolean {
  if (!text.startsWith(value, at)) return false;
  const end = at + value.length;
  return !(
    WORD.test(value) &&
    /\w\.$/.test(text.slice(Math.max(0, at - 2), at)) &&
    /^\.\w/.test(text.slice(end, end + 2))
  );
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
