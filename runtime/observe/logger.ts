import { pino, type DestinationStream, type Logger } from 'pino';
import { levelName, LoggerLevels } from './logger-levels.ts';

/** Structured log lines; the form every room is given (`connector/context.ts`). */
export interface LineLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

type Fields = Readonly<Record<string, unknown>>;

export interface LoggerOptions {
  /** Levels that may change are read at each line. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' | LoggerLevels;
  /** Where lines go. `pretty` formats them for people, with colours where `colour`. */
  readonly destination: DestinationStream | { readonly fd: number };
  readonly pretty: boolean;
  readonly colour: boolean;
}

/** JSON lines `{"level":"info","time":"…","msg":"…",…}`, or readable ones. Written at once: a crash loses none. */
export async function createLogger(options: LoggerOptions): Promise<LineLog> {
  const destination = await openDestination(options);
  const settings = {
    level: 'debug',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return lineLog(pino(settings, destination), levelsOf(options.level));
}

function levelsOf(level: LoggerOptions['level']): LoggerLevels {
  return level instanceof LoggerLevels ? level : new LoggerLevels(levelName(level) ?? 'OFF', () => 0);
}

async function openDestination({ destination, pretty, colour }: LoggerOptions): Promise<DestinationStream> {
  if (!pretty) return 'fd' in destination ? pino.destination({ fd: destination.fd, sync: true }) : destination;
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({
    colorize: colour,
    destination: 'fd' in destination ? destination.fd : destination,
    sync: true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
}

function lineLog(logger: Logger, levels: LoggerLevels): LineLog {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}): void => {
      if (levels.enabled(level, fields['connector'])) logger[level](shown(fields), message);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Errors as code, message and stack; big integers as text. */
function shown(fields: Fields): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]): [string, unknown] => {
    if (value instanceof Error) {
      const code = 'code' in value ? { code: value.code } : {};
      return [name, { ...code, message: value.message, stack: value.stack }];
    }
    return [name, typeof value === 'bigint' ? value.toString() : value];
  });
  return Object.fromEntries(entries);
}
