/** Least severe first, as Kafka Connect names them (log4j). OFF lets nothing through. */
const LEVELS = ['ALL', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF'] as const;
export type LevelName = (typeof LEVELS)[number];

type LineLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger as `/admin/loggers` shows it. */
export interface LoggerLevel {
  readonly level: LevelName;
  /** Epoch milliseconds; null: as it was at the start. */
  readonly last_modified: number | null;
}

const ROOT = 'root';
const CONNECTORS = 'connector';

/** The logger of the lines that concern a connector. */
function connectorLogger(connector: string): string {
  return `${CONNECTORS}.${connector}`;
}

/** The level a word means, in any case; null: none. */
export function levelName(word: string): LevelName | null {
  return LEVELS.find((level) => level === word.toUpperCase()) ?? null;
}

/**
 * Levels of the loggers: `root`, and below it by dots `connector.<name>` for the lines that concern a
 * connector. A logger that has no level of its own has that of the nearest above it. Any name can be given
 * a level, as in Kafka Connect; those named here are the ones that lines come from.
 */
export class LoggerLevels {
  readonly #levels = new Map<string, LoggerLevel>();
  readonly #nowMs: () => number;
  #connectors: () => readonly string[] = () => [];

  constructor(root: LevelName, nowMs: () => number) {
    this.#levels.set(ROOT, { level: root, last_modified: null });
    this.#nowMs = nowMs;
  }

  /** Says where the connectors come from that have loggers. */
  watch(connectors: () => readonly string[]): void {
    this.#connectors = connectors;
  }

  /** Whether a line is logged; of a connector where it concerns one. */
  enabled(line: LineLevel, connector: unknown): boolean {
    const logger = typeof connector === 'string' ? connectorLogger(connector) : ROOT;
    return rank(line.toUpperCase()) >= rank(this.#effective(logger).level);
  }

  /** All loggers, by name. */
  all(): ReadonlyMap<string, LoggerLevel> {
    return new Map(this.#names().map((name) => [name, this.#effective(name)]));
  }

  /** null: there is no such logger. */
  get(name: string): LoggerLevel | null {
    return this.#names().includes(name) ? this.#effective(name) : null;
  }

  /** Sets the level of a logger and of all below it, and says which these are. */
  set(name: string, level: LevelName): readonly string[] {
    const below = this.#names().filter((one) => name === ROOT || one === name || one.startsWith(`${name}.`));
    const affected = [...new Set([...below, name])].toSorted();
    for (const one of affected) this.#levels.set(one, { level, last_modified: this.#nowMs() });
    return affected;
  }

  #names(): readonly string[] {
    const connectors = this.#connectors().map(connectorLogger);
    return [...new Set([...this.#levels.keys(), CONNECTORS, ...connectors])].toSorted();
  }

  #effective(name: string): LoggerLevel {
    for (let at = name; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('.'), 0))) {
      const own = this.#levels.get(at);
      if (own !== undefined) return own;
    }
    return this.#levels.get(ROOT) ?? { level: 'INFO', last_modified: null };
  }
}

function rank(level: string): number {
  return LEVELS.findIndex((one) => one === level);
}
