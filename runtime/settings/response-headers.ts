import type { OptionError } from '../connector/options.ts';

/** Kafka Connect's key for headers of REST's answers. */
export const RESPONSE_HEADERS_KEY = 'response.http.headers.config';

/** A header that every answer of REST gets. */
export interface ResponseHeader {
  /** `set` takes the place of one of that name, `add` stands beside it. */
  readonly action: 'set' | 'add';
  readonly name: string;
  readonly value: { readonly text: string } | { readonly afterMs: number };
}

type Action = 'set' | 'add' | 'setDate' | 'addDate';
const ACTIONS: readonly Action[] = ['set', 'add', 'setDate', 'addDate'];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Kafka Connect's `response.http.headers.config`, in its own grammar:
 *
 *     rules  = rule ("," rule)*            a rule with a comma in it stands in double quotes
 *     rule   = action SP name ":" value    action: set | add | setDate | addDate
 *
 * The value of a `…Date` is in milliseconds from the moment of the answer.
 */
export function parseResponseHeaders(text: string): readonly (ResponseHeader | OptionError)[] {
  return splitRules(text).map(parseRule);
}

/** They say how an answer is sent: another value would break it. */
const OF_TRANSPORT = new Set(['connection', 'content-length', 'content-type', 'transfer-encoding']);

/** The headers of an answer that is given at `nowMs`, epoch milliseconds. */
export function headersAt(
  rules: readonly ResponseHeader[],
  nowMs: number,
): Readonly<Record<string, string | string[]>> {
  const headers = new Map<string, string[]>();
  for (const { action, name, value } of rules) {
    const key = name.toLowerCase();
    if (OF_TRANSPORT.has(key)) continue;
    const text = 'text' in value ? value.text : new Date(nowMs + value.afterMs).toUTCString();
    headers.set(key, action === 'set' ? [text] : [...(headers.get(key) ?? []), text]);
  }
  const entries = [...headers].map(([name, texts]): [string, string | string[]] => [
    name,
    texts.length === 1 ? (texts[0] ?? '') : texts,
  ]);
  return Object.fromEntries(entries);
}

function splitRules(text: string): readonly string[] {
  const rules = [...text.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g)].map(([rule]) => unquoted(rule.trim()));
  return rules.filter((rule) => rule !== '');
}

function unquoted(rule: string): string {
  const [, inner] = /^"((?:[^"\\]|\\.)*)"$/.exec(rule) ?? [];
  return inner === undefined ? rule : inner.replaceAll(/\\(.)/g, '$1').trim();
}

function parseRule(rule: string): ResponseHeader | OptionError {
  const [, word = '', header] = /^(\S+)\s+(.*)$/s.exec(rule) ?? [];
  if (header === undefined) {
    return wrong(rule, `Invalid format of header config '${rule}'. Expected: '[action] [header name]:[header value]'`);
  }
  const action = ACTIONS.find((one) => one.toLowerCase() === word.toLowerCase());
  if (action === undefined) {
    return wrong(rule, `Invalid header config action: '${word}'. Expected one of [${ACTIONS.join(', ')}]`);
  }
  const [name = '', value, ...more] = header.split(':').map((part) => part.trim());
  if (value === undefined || more.length > 0) {
    const format = `Invalid format of header name and header value pair '${header}'`;
    return wrong(rule, `${format}. Expected: '[header name]:[header value]'`);
  }
  if (!TOKEN.test(name)) return wrong(rule, `Invalid header name '${name}'. It must be a token without whitespace`);
  return headerOf(rule, action, name, value);
}

function headerOf(rule: string, action: Action, name: string, value: string): ResponseHeader | OptionError {
  const base = action === 'set' || action === 'setDate' ? 'set' : 'add';
  if (action === base) {
    // What Node would refuse to send.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return wrong(rule, `Invalid header value of '${name}'`);
    return { action: base, name, value: { text: value } };
  }
  if (/^-?\d{1,15}$/.test(value)) return { action: base, name, value: { afterMs: Number(value) } };
  return wrong(rule, `Invalid header value of '${name}': ${action} takes milliseconds from now`);
}

function wrong(rule: string, problem: string): OptionError {
  return {
    key: RESPONSE_HEADERS_KEY,
    message: `Invalid value ${rule} for configuration ${RESPONSE_HEADERS_KEY}: ${problem}`,
    reason: 'invalid',
    remedy: `Write a rule as "set X-Frame-Options:DENY".`,
  };
}
