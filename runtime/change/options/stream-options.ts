import { option } from '../../connector/options.ts';

/** Heartbeats and lost connections. `moves`: what moves without heartbeats too, as a sentence. */
export function streamOptions(group: string, moves: string) {
  return {
    'heartbeat.interval.ms': option.int({
      doc: `Milliseconds between heartbeat records; 0: none. ${moves}`,
      group,
      displayName: 'Heartbeat interval',
      default: 0,
      minimum: 0,
    }),
    'heartbeat.action.query': option.string({
      doc: 'Statement to run with each heartbeat.',
      importance: 'LOW',
      group,
      displayName: 'Heartbeat statement',
      optional: true,
    }),
    'errors.max.retries': option.int({
      doc: 'How often a lost connection is opened again before the task fails; -1: without limit. Progress resets the count.',
      group,
      displayName: 'Maximum retries',
      default: -1,
      minimum: -1,
    }),
    'retriable.restart.connector.wait.ms': option.long({
      doc: 'Longest wait between two such attempts, in milliseconds; the first ones come sooner.',
      importance: 'LOW',
      group,
      displayName: 'Longest reconnect wait',
      default: 10_000,
      minimum: 1,
    }),
  };
}
