import type { Log } from '../connector/context.ts';
import { listedNames, type RawConfig } from '../connector/options.ts';
import { MillraceError } from '../record/error.ts';
import type { RowLayout } from '../record/row-layout.ts';
import { messageOf } from '../record/thrown.ts';
import { finished, NeedsValues } from './layout-node.ts';
import { findPredicate, findTransform } from './registry.ts';
import { wrongOption } from './transform-error.ts';
import { TransformFailure } from './transform-failure.ts';
import type { TransformRecord } from './transform-record.ts';
import type { Predicate, Transform } from './transform.ts';

export { TransformFailure } from './transform-failure.ts';

interface Link {
  readonly alias: string;
  readonly className: string;
  readonly transform: Transform;
  readonly predicate: Predicate | null;
  readonly negate: boolean;
}

/** The transforms of one task, in order. */
export class TransformChain {
  readonly #links: readonly Link[];

  constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /**
   * Adds to `out` what becomes of the record: mostly itself, or nothing, or several, in order. Throws
   * {@link TransformFailure}; `out` is then as before.
   */
  apply(record: TransformRecord, out: TransformRecord[]): void {
    const before = out.length;
    try {
      this.#apply(record, 0, out);
    } catch (error) {
      out.length = before;
      throw error;
    }
  }

  /**
   * What {@link apply} makes of every row of a layout; null: they are dropped. 'values': that differs
   * from row to row, or is a failure, which each row is to have by itself.
   */
  layout(layout: RowLayout): RowLayout | null | 'values' {
    try {
      let current = layout;
      for (const { transform, predicate, negate } of this.#links) {
        if (predicate !== null && holds(predicate, current) === negate) continue;
        if (transform.layout === undefined) return 'values';
        const next = transform.layout(current);
        if (next === null) return null;
        current = next;
      }
      return finished(current);
    } catch (error) {
      if (error instanceof NeedsValues || error instanceof MillraceError) return 'values';
      throw error;
    }
  }

  #apply(record: TransformRecord, from: number, out: TransformRecord[]): void {
    const links = this.#links;
    let current = record;
    for (let i = from; i < links.length; i++) {
      const link = links[i] as Link;
      let next;
      try {
        if (link.predicate !== null && link.predicate.test(current) === link.negate) continue;
        next = link.transform.apply(current);
      } catch (error) {
        throw new TransformFailure(link.className, failure(link.alias, error));
      }
      if (next === null) return;
      if (isMany(next)) {
        for (const one of next) this.#apply(one, i + 1, out);
        return;
      }
      current = next;
    }
    out.push(current);
  }
}

function holds(predicate: Predicate, layout: RowLayout): boolean {
  if (predicate.testLayout === undefined) throw new NeedsValues();
  return predicate.testLayout(layout);
}

function isMany(next: TransformRecord | readonly TransformRecord[]): next is readonly TransformRecord[] {
  return Array.isArray(next);
}

/** Says which transform it was; code and kind stay. Anything but our errors is a record we cannot process. */
function failure(alias: string, cause: unknown): MillraceError {
  const known = cause instanceof MillraceError ? cause : undefined;
  const reason = messageOf(cause);
  return new MillraceError(known?.code ?? 'TRANSFORM_FAILED', `transform ${alias}: ${reason}`, {
    kind: known?.kind ?? 'data',
    cause,
    ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
  });
}

/** The chain of a connector's configuration; null: it has no transforms. Throws a `config` error by key. */
export function createChain(config: RawConfig, log?: Log): TransformChain | null {
  const aliases = listedNames(config['transforms']);
  if (aliases.length === 0) return null;
  const predicates = new Map(listedNames(config['predicates']).map((alias) => [alias, predicateOf(config, alias)]));
  return new TransformChain(aliases.map((alias) => linkOf(config, alias, predicates, log)));
}

function linkOf(
  config: RawConfig,
  alias: string,
  predicates: ReadonlyMap<string, Predicate>,
  log: Log | undefined,
): Link {
  const prefix = `transforms.${alias}.`;
  const own = below(config, prefix);
  const className = own['type']?.trim() ?? '';
  const found = findTransform(className);
  if (found === undefined) throw noClass(`${prefix}type`, className, 'transform');
  const named = own['predicate']?.trim() ?? '';
  const chosen = named === '' ? null : predicates.get(named);
  if (chosen === undefined) {
    throw wrongOption(`${prefix}predicate`, `transforms.${alias}.predicate: there is no predicate ${named}`);
  }
  return {
    alias,
    className,
    transform: prefixed(prefix, () => found.kind.create(own, found.side, log)),
    predicate: chosen,
    negate: own['negate']?.trim().toLowerCase() === 'true',
  };
}

function predicateOf(config: RawConfig, alias: string): Predicate {
  const prefix = `predicates.${alias}.`;
  const own = below(config, prefix);
  const className = own['type']?.trim() ?? '';
  const found = findPredicate(className);
  if (found === undefined) throw noClass(`${prefix}type`, className, 'predicate');
  return prefixed(prefix, () => found.create(own));
}

function below(config: RawConfig, prefix: string): RawConfig {
  const part = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(part.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** Names an option by its whole key. */
function prefixed<T>(prefix: string, create: () => T): T {
  try {
    return create();
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    const { code, message, kind, key, remedy } = error;
    throw new MillraceError(code, `${prefix.slice(0, -1)}: ${message}`, {
      kind,
      ...(key === undefined ? {} : { key: prefix + key }),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}

function noClass(key: string, className: string, what: string): MillraceError {
  const shown = className === '' ? `${key} is missing` : `${key}: there is no ${what} ${className}`;
  return new MillraceError('TRANSFORM_UNKNOWN', shown, {
    kind: 'config',
    key,
    remedy: `Set ${key} to a ${what} that \`millrace plugins\` lists.`,
  });
}
