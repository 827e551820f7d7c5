import { findOption, type OptionSet, type RawConfig } from './options.ts';

/** Settings of Kafka's clients that the embedded hub's own producers and readers take; no other has an effect. */
const EFFECTIVE: Readonly<Record<string, readonly string[]>> = {
  producer: ['acks', 'batch.size', 'compression.type', 'linger.ms', 'transaction.timeout.ms'],
  consumer: ['auto.offset.reset', 'max.poll.records'],
  admin: [],
};
/** The group of all of a worker's connectors could not be one. */
const EFFECTIVE_OVERRIDES: typeof EFFECTIVE = {
  ...EFFECTIVE,
  consumer: [...(EFFECTIVE['consumer'] ?? []), 'group.id'],
};

/** The line of the log. */
export const CLIENT_KEYS_TOLD = 'settings of Kafka clients have no effect';

/** Why there is nothing such keys could change. */
export const CLIENT_KEYS_REASON =
  'the hub is embedded, so there is no Kafka cluster to connect to; of producer.* and consumer.* these have an effect: ' +
  'acks, batch.size, compression.type, linger.ms, transaction.timeout.ms, auto.offset.reset, max.poll.records, and of a connector group.id';

/** Worker keys that do not belong into a connector's configuration, unless it declares such a key itself. */
const CLIENT = /^(?:bootstrap\.servers|(?:ssl|sasl|security|metadata|producer|consumer|admin)\..+)$/;

/**
 * Keys of a connector for Kafka clients that change nothing here. They are no error: such configurations run
 * unchanged. `own`: what the connector declares.
 */
export function connectorClientKeys(raw: RawConfig, own: OptionSet): readonly string[] {
  return Object.keys(raw).filter((key) => {
    const [, client = '', name] = /^(producer|consumer|admin)\.override\.(.+)$/.exec(key) ?? [];
    if (name !== undefined) return EFFECTIVE_OVERRIDES[client]?.includes(name) === false;
    return CLIENT.test(key) && findOption(own, key) === undefined;
  });
}

/** Those of a worker. `readsTls`: a listener of REST takes its key and certificates from `ssl.*`. */
export function workerClientKeys(raw: RawConfig, readsTls: boolean): readonly string[] {
  return Object.keys(raw).filter((key) => {
    if (key.startsWith('admin.listeners')) return false;
    if (key.startsWith('ssl.')) return !readsTls;
    if (/^(?:sasl|security|metadata)\./.test(key)) return true;
    const [, client = '', name = ''] = /^(producer|consumer|admin)\.(.+)$/.exec(key) ?? [];
    return name !== '' && EFFECTIVE[client]?.includes(name) === false;
  });
}
