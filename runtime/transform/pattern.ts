import { RE2JS } from 're2js';
import { wrongOption } from './transform-error.ts';
import { messageOf } from '../record/thrown.ts';

/**
 * A user's regular expression on a linear engine (D17): Java's syntax without look-around and back
 * references. `key`: the option it comes from.
 */
export function pattern(key: string, text: string): RE2JS {
  try {
    return RE2JS.compile(text);
  } catch (cause) {
    const reason = messageOf(cause);
    throw wrongOption(
      key,
      `Invalid value ${text} for configuration ${key}: Invalid regex: ${reason}`,
      'Look-around and back references are not supported: expressions run in linear time.',
    );
  }
}

/** `$1`, `${name}` and backslashes as in Java. */
const JAVA_REPLACEMENT = true;
const MOST_KNOWN = 10_000;

/**
 * Java's `matches()` then `replaceFirst(replacement)`: `$1` and `${name}` stand for groups. Answers
 * are remembered per text; topics are few.
 */
export class Renaming {
  readonly #pattern: RE2JS;
  readonly #replacement: string;
  readonly #known = new Map<string, string | null>();

  constructor(expression: RE2JS, replacement: string) {
    this.#pattern = expression;
    this.#replacement = replacement;
  }

  /** null: the text does not match as a whole. */
  of(text: string): string | null {
    let renamed = this.#known.get(text);
    if (renamed === undefined) {
      const matcher = this.#pattern.matcher(text);
      renamed = matcher.matches()
        ? this.#pattern.matcher(text).replaceFirst(this.#replacement, JAVA_REPLACEMENT)
        : null;
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      this.#known.set(text, renamed);
    }
    return renamed;
  }
}
