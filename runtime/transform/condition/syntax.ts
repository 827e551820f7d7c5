import { Decimal } from '../../record/decimal.ts';
import { fieldPath, type FieldPath } from '../field-path.ts';
import { wrongOption } from '../transform-error.ts';

export type Literal = string | boolean | Decimal;
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** What a condition looks at. */
export type Operand =
  | { readonly of: 'topic' | 'partition' | 'timestamp' | 'offset' }
  | { readonly of: 'key' | 'value'; readonly path: FieldPath }
  | { readonly of: 'header'; readonly name: string };

/** A condition as written, taken apart. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'compare'; readonly operand: Operand; readonly by: Comparison; readonly to: Literal }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Literal[] }
  | { readonly kind: 'matches'; readonly operand: Operand; readonly pattern: string }
  | { readonly kind: 'null'; readonly operand: Operand };

/*
 *     or         = and { "or" and }
 *     and        = unary { "and" unary }
 *     unary      = "not" unary | "(" or ")" | test
 *     test       = operand ( ("=" | "!=" | "<" | "<=" | ">" | ">=") literal
 *                          | ["not"] "in" "(" literal { "," literal } ")"
 *                          | "matches" text
 *                          | "is" ["not"] "null" )
 *     operand    = "topic" | "partition" | "timestamp" | "offset" | ("key" | "value") { "." step } | "header." step
 *     literal    = text | number | "true" | "false"
 *     text       = "'" any, a quote doubled "'"
 *
 * A step with characters other than letters, digits, _ and - stands between backticks.
 */
const TOKEN =
  /\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])|((?:[\w-]+|`[^`]*`)(?:\.(?:[\w-]+|`[^`]*`))*)|(!=|<=|>=|[=<>(),]))/y;

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sign';
  readonly text: string;
  readonly at: number;
}

const MOST_DEPTH = 100;

/** Reads a condition. Throws a `config` error that says where it stops making sense. `key`: the option it is of. */
export function parseCondition(key: string, text: string): Condition {
  return new Parser(key, text).whole();
}

class Parser {
  readonly #key: string;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(key: string, text: string) {
    this.#key = key;
    this.#text = text;
    this.#tokens = this.#tokenize();
  }

  whole(): Condition {
    const condition = this.#or();
    const rest = this.#tokens[this.#at];
    if (rest !== undefined) throw this.#wrong(`"and" or "or", not ${rest.text}`, rest.at);
    return condition;
  }

  #tokenize(): Token[] {
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    const end = this.#text.trimEnd().length;
    while (TOKEN.lastIndex < end) {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(this.#text);
      if (match === null) throw this.#wrong('a word, number, text in single quotes or sign', at);
      const [, quoted, number, word, sign = ''] = match;
      if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.slice(1, -1).replaceAll("''", "'"), at });
      else if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
      else if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
      else tokens.push({ kind: 'sign', text: sign, at });
    }
    return tokens;
  }

  #or(): Condition {
    return this.#several('or', () => this.#several('and', () => this.#unary()));
  }

  #several(kind: 'and' | 'or', part: () => Condition): Condition {
    const first = part();
    const parts = [first];
    while (this.#takes('word', kind)) parts.push(part());
    return parts.length === 1 ? first : { kind, parts };
  }

  #unary(): Condition {
    if (++this.#depth > MOST_DEPTH) throw this.#wrong('a condition that is less deep', this.#place());
    try {
      if (this.#takes('word', 'not')) return { kind: 'not', part: this.#unary() };
      if (!this.#takes('sign', '(')) return this.#test();
      const inner = this.#or();
      this.#need(')');
      return inner;
    } finally {
      this.#depth--;
    }
  }

  #test(): Condition {
    const operand = this.#operand();
    const sign = this.#tokens[this.#at];
    if (sign?.kind === 'sign' && /^(?:!=|[<>]=?|=)$/.test(sign.text)) {
      this.#at++;
      return { kind: 'compare', operand, by: sign.text as Comparison, to: this.#literal() };
    }
    if (this.#takes('word', 'is')) {
      const negated = this.#takes('word', 'not');
      if (!this.#takes('word', 'null')) throw this.#wrong('null', this.#place());
      return negate(negated, { kind: 'null', operand });
    }
    if (this.#takes('word', 'matches')) {
      const pattern = this.#tokens[this.#at++];
      if (pattern?.kind !== 'text') throw this.#wrong('an expression in single quotes', pattern?.at ?? this.#place());
      return { kind: 'matches', operand, pattern: pattern.text };
    }
    const negated = this.#takes('word', 'not');
    if (!this.#takes('word', 'in')) throw this.#wrong('a comparison, in, matches or is null', this.#place());
    return negate(negated, { kind: 'in', operand, list: this.#list() });
  }

  #list(): readonly Literal[] {
    this.#need('(');
    const list = [this.#literal()];
    while (this.#takes('sign', ',')) list.push(this.#literal());
    this.#need(')');
    return list;
  }

  #literal(): Literal {
    const token = this.#tokens[this.#at];
    if (token?.kind === 'text') return this.#taken(token.text);
    if (token?.kind === 'number') return this.#taken(Decimal.parse(token.text));
    if (token?.kind === 'word' && /^(?:true|false)$/i.test(token.text)) return this.#taken(/^t/i.test(token.text));
    throw this.#wrong('a number, true, false or a text in single quotes', this.#place());
  }

  #taken<T>(value: T): T {
    this.#at++;
    return value;
  }

  #operand(): Operand {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'word')
      throw this.#wrong('topic, key, value, header or another part of the record', this.#place());
    this.#at++;
    const [of = '', ...path] = fieldPath(token.text, 'V2', this.#key);
    if (of === 'key' || of === 'value') return { of, path };
    if (of === 'header' && path.length === 1) return { of, name: path[0] ?? '' };
    if ((of === 'topic' || of === 'partition' || of === 'timestamp' || of === 'offset') && path.length === 0)
      return { of };
    throw this.#wrong('topic, partition, timestamp, offset, key.…, value.… or header.name', token.at);
  }

  #takes(kind: Token['kind'], text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== kind || token.text.toLowerCase() !== text) return false;
    this.#at++;
    return true;
  }

  #need(sign: string): void {
    if (!this.#takes('sign', sign)) throw this.#wrong(sign, this.#place());
  }

  #place(): number {
    return this.#tokens[this.#at]?.at ?? this.#text.length;
  }

  #wrong(wanted: string, at: number): Error {
    const place = at >= this.#text.trimEnd().length ? 'at its end' : `at "${this.#text.slice(at).trim().slice(0, 20)}"`;
    return wrongOption(this.#key, `${this.#key}: the condition needs ${wanted} ${place}`);
  }
}

function negate(negated: boolean, condition: Condition): Condition {
  return negated ? { kind: 'not', part: condition } : condition;
}
