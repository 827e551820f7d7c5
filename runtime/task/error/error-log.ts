import type { RawConfig } from '../../connector/options.ts';
import type { Log } from '../../connector/context.ts';
import type { DeadLetter } from './dead-letters.ts';

/** Characters of a key or value that are logged. */
const LIMIT = 1000;

/** A record that failed, as far as it may be logged. */
export interface LoggedRecord {
  readonly timestampMs?: number | undefined;
  readonly key?: Uint8Array | null;
  readonly value?: Uint8Array | null;
}

/**
 * Logs errors of records by `errors.log.enable`, tolerated or not, and with `errors.log.include.messages`
 * the record: of a sink its place in the hub, of a source key, value and source position too, as Connect does.
 */
export class ErrorLog {
  readonly #log: Log;
  readonly #enabled: boolean;
  readonly #messages: boolean;

  constructor(config: RawConfig, log: Log) {
    const on = (key: string): boolean => config[key]?.trim().toLowerCase() === 'true';
    this.#log = log;
    this.#enabled = on('errors.log.enable');
    this.#messages = on('errors.log.include.messages');
  }

  failed(letter: DeadLetter, record: () => LoggedRecord): void {
    if (!this.#enabled) return;
    const { spec, stage, className, error } = letter;
    const text = `Error encountered in task ${spec.connector}-${spec.task}. Executing stage '${stage}' with class '${className}'`;
    this.#log.error(`${text}: ${error.message}`, { stage, class: className, error, ...this.#details(letter, record) });
  }

  #details({ from, topic, source }: DeadLetter, record: () => LoggedRecord): Readonly<Record<string, unknown>> {
    if (!this.#messages) return {};
    const { timestampMs, key, value } = record();
    const time = timestampMs === undefined ? {} : { timestamp: timestampMs };
    if (from !== undefined)
      return { topic: from.topic, partition: from.partition, offset: String(from.offset), ...time };
    return { topic, ...time, key: shown(key), value: shown(value), source };
  }
}

function shown(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString().slice(0, LIMIT);
}
