import { wrongOption } from '../transform-error.ts';

/** Which fields of an event are converted. */
export type FieldChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'only' | 'except'; readonly fields: ReadonlySet<string> };

const NONE: FieldChoice = { kind: 'none' };
const ALL: FieldChoice = { kind: 'all' };
const RULE = /^(?:(source|topic):)?([^:]+)(?::([^:]+))?$/i;

/** `include.list` or `exclude.list`: `source:table[:field]`, `topic:name[:field]`, `name[:field]`. */
export class TimezoneRules {
  readonly #includes: boolean;
  readonly #topics = new Map<string, Set<string>>();
  readonly #tables = new Map<string, Set<string>>();
  readonly #names = new Map<string, Set<string>>();
  readonly #empty: boolean;

  constructor(include: readonly string[], exclude: readonly string[]) {
    if (include.length > 0 && exclude.length > 0) {
      throw wrongOption('include.list', 'Both include and exclude lists are specified. Please specify only one.');
    }
    this.#includes = include.length > 0;
    this.#empty = include.length + exclude.length === 0;
    const key = this.#includes ? 'include.list' : 'exclude.list';
    let family: string | undefined;
    for (const text of [...include, ...exclude]) {
      const [, prefix, name = '', field] = RULE.exec(text) ?? invalid(key);
      // A prefix goes for what follows it in the list too.
      family = prefix?.toLowerCase() ?? family;
      const rules = family === 'topic' ? this.#topics : family === 'source' ? this.#tables : this.#names;
      const fields = rules.get(name) ?? new Set();
      rules.set(name, fields);
      if (field !== undefined) fields.add(field);
    }
  }

  of(topic: string, table: string | null): FieldChoice {
    if (this.#empty) return ALL;
    const own = table ?? '';
    const fields = this.#topics.get(topic) ?? this.#tables.get(own) ?? this.#names.get(topic) ?? this.#names.get(own);
    if (this.#includes) {
      if (fields === undefined) return NONE;
      return fields.size === 0 ? ALL : { kind: 'only', fields };
    }
    if (fields === undefined) return ALL;
    return fields.size === 0 ? NONE : { kind: 'except', fields };
  }
}

function invalid(key: string): never {
  const name = key === 'include.list' ? 'include' : 'exclude';
  throw wrongOption(
    key,
    `Invalid ${name} list format. Please specify a list of rules in the format of "source:<tablename>:<fieldnames>", "topic:<topicname>:<fieldnames>", "<matchname>:<fieldnames>"`,
  );
}
