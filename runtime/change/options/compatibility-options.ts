import { COLUMN_RULE_KEYS } from '../column-rules.ts';
import { option, type OptionPattern, type RawConfig } from '../../connector/options.ts';

/**
 * One of Debezium's options that do not change what we do. `equal`: values that stand for what we do
 * anyway; others are refused (`refuse`) or, where they only tune Debezium's inside, named and
 * ignored.
 */
export interface OtherOption {
  readonly key: string;
  readonly default?: string;
  readonly equal?: readonly string[];
  /** What to do instead; undefined: ignored without harm. */
  readonly refuse?: string;
  /** Why it cannot be done, where `refuse` does not say it. */
  readonly why?: string;
  readonly doc: string;
}

/** Keys of one form. `refuse`: what to do instead. */
export interface OptionFamily extends OptionPattern {
  readonly refuse?: string;
}

export interface OptionProblem {
  readonly key: string;
  readonly message: string;
}

const QUEUE = 'Debezium’s queue; millrace bounds a task by bytes (millrace.task.max.inflight.bytes).';
export const PLUGGED = 'It names a Java class, which cannot run here.';

/** Those of every database. */
const EVERYWHERE: readonly OtherOption[] = [
  { key: 'database.server.name', doc: 'It is topic.prefix since Debezium 2.' },
  { key: 'max.batch.size', default: '2048', doc: QUEUE },
  { key: 'max.queue.size', default: '8192', doc: QUEUE },
  { key: 'max.queue.size.in.bytes', default: '0', doc: QUEUE },
  { key: 'queue.provider.type', doc: QUEUE },
  { key: 'poll.interval.ms', default: '500', doc: 'Records are handed over as they come, without polling.' },
  { key: 'poll.dispatch.interval.ms', default: '0', doc: 'Records are handed over as they come, without polling.' },
  { key: 'query.fetch.size', default: '0', doc: 'Reading is bounded by bytes.' },
  { key: 'snapshot.fetch.size', default: '10240', doc: 'Reading is bounded by bytes.' },
  { key: 'topic.cache.size', default: '10000', doc: 'There is no such cache.' },
  {
    key: 'executor.shutdown.timeout.ms',
    default: '4000',
    doc: 'The worker’s task.shutdown.graceful.timeout.ms counts.',
  },
  { key: 'custom.metric.tags', doc: 'Metrics are labelled with connector and task.' },
  { key: 'statistics.metrics.enabled', default: 'true', doc: 'Metrics are always on.' },
  { key: 'custom.sanitize.pattern', doc: 'Secrets are never shown.' },
  { key: 'include.schema.comments', default: 'false', doc: 'Comments are not part of record schemas.' },
  { key: 'signal.poll.interval.ms', default: '5000', doc: 'Signals come with the stream.' },
  { key: 'snapshot.locking.mode.custom.name', doc: PLUGGED, why: PLUGGED, refuse: 'Remove it.' },
  {
    key: 'snapshot.query.mode',
    default: 'select_all',
    equal: ['select_all'],
    doc: 'How tables are read.',
    refuse: 'Use snapshot.select.statement.overrides.',
  },
  { key: 'snapshot.query.mode.custom.name', doc: PLUGGED, why: PLUGGED, refuse: 'Remove it.' },
  { key: 'snapshot.mode.custom.name', doc: PLUGGED, why: PLUGGED, refuse: 'Remove it.' },
  {
    key: 'streaming.delay.ms',
    default: '0',
    equal: ['0'],
    doc: 'Wait between snapshot and stream.',
    refuse: 'Remove it: the stream begins at the snapshot’s own place.',
  },
  {
    key: 'event.processing.failure.handling.mode',
    default: 'fail',
    equal: ['fail'],
    doc: 'What happens to an event that cannot be processed.',
    refuse: 'Use errors.tolerance and errors.deadletterqueue.topic.name.',
  },
  { key: 'notification.sink.topic.name', doc: 'Topic of notifications; there is no sink channel.' },
  {
    key: 'transaction.metadata.factory',
    equal: ['io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory'],
    doc: PLUGGED,
    why: PLUGGED,
    refuse: 'Remove it.',
  },
  {
    key: 'converters',
    equal: [''],
    doc: PLUGGED,
    why: PLUGGED,
    refuse: 'Remove it; handling modes and transforms change values.',
  },
  {
    key: 'guardrail.collections.max',
    default: '0',
    equal: ['0'],
    doc: 'Most tables that may be captured.',
    refuse: 'Remove it: tables cost little here.',
  },
  { key: 'guardrail.collections.limit.action', default: 'warn', doc: 'See guardrail.collections.max.' },
  {
    key: 'openlineage.integration.enabled',
    default: 'false',
    equal: ['false'],
    doc: 'OpenLineage.',
    refuse: 'Remove it: lineage is not reported.',
  },
  { key: 'min.row.count.to.stream.results', default: '1000', doc: 'Reading is bounded by bytes.' },
  {
    key: 'notification.enabled.channels',
    equal: ['', 'log', 'jmx'],
    doc: 'Notifications of snapshots.',
    refuse: 'Remove sink: progress is in the connector’s status and metrics.',
  },
];

/** What several databases have, by what tables are in there. */
function familiesEverywhere(container: string): readonly OptionFamily[] {
  return [
    ...COLUMN_RULE_KEYS.map(({ key, shown }) =>
      family(key, shown, `Columns (${container}.table.column) whose values are hidden or cut.`),
    ),
    family(
      /^snapshot\.select\.statement\.overrides\.[^.]+\..+$/,
      `snapshot.select.statement.overrides.<${container}.table>`,
      'SELECT that reads this table.',
    ),
    family(
      /^snapshot\.mode\.configuration\.based\..+$/,
      'snapshot.mode.configuration.based.*',
      'Parts of a snapshot mode.',
      'Use one of the named snapshot.mode values.',
    ),
    inertFamily(/^openlineage\..+$/, 'openlineage.*', 'OpenLineage is not supported.'),
  ];
}

function family(key: RegExp, shown: string, doc: string, refuse?: string): OptionFamily {
  const schema = option.string({ doc, importance: 'LOW', group: 'Compatibility', optional: true });
  return refuse === undefined ? { key, shown, schema } : { key, shown, schema, refuse };
}

/** Keys that change nothing, and are told so. */
export function inertFamily(key: RegExp, shown: string, doc: string): OptionFamily {
  const schema = option.string({ doc, importance: 'LOW', group: 'Compatibility', optional: true, inert: [] });
  return { key, shown, schema };
}

function accepted(doc: string) {
  const text = `Accepted for compatibility. ${doc}`;
  return option.string({ doc: text, importance: 'LOW', group: 'Compatibility', optional: true });
}

const SERVER_NAME = 'database.server.name';

/** A configuration of Debezium 1 names its topics by another key. */
function renamedPrefix(config: RawConfig): readonly OptionProblem[] {
  const name = config[SERVER_NAME]?.trim() ?? '';
  if (name === '' || (config['topic.prefix']?.trim() ?? '') !== '') return [];
  return [{ key: SERVER_NAME, message: `${SERVER_NAME} is topic.prefix since Debezium 2: set topic.prefix=${name}` }];
}

/** The options of one database that are there for configurations of Debezium only. */
export class CompatibilityOptions {
  readonly options: Readonly<Record<string, ReturnType<typeof accepted>>>;
  readonly families: readonly OptionFamily[];
  readonly #others: readonly OtherOption[];

  /** `container`: what tables are in. `own`, `families`: beside those of every database. */
  constructor(container: string, own: readonly OtherOption[], families: readonly OptionFamily[]) {
    this.#others = [...EVERYWHERE, ...own];
    this.families = [...familiesEverywhere(container), ...families];
    this.options = Object.fromEntries(this.#others.map(({ key, doc }) => [key, accepted(doc)]));
  }

  /** Options set to what cannot be done here. */
  refused(config: RawConfig): readonly OptionProblem[] {
    const problems: OptionProblem[] = [...renamedPrefix(config)];
    for (const { key, equal = [], refuse, why } of this.#others) {
      const value = config[key]?.trim();
      if (refuse === undefined || value === undefined || equal.includes(value)) continue;
      const sentences = [`${key}=${value} is not supported.`, ...(why === undefined ? [] : [why]), refuse];
      problems.push({ key, message: sentences.join(' ') });
    }
    for (const { key, refuse } of this.families) {
      if (refuse === undefined) continue;
      for (const name of Object.keys(config)) {
        if (key.test(name)) problems.push({ key: name, message: `${name} is not supported. ${refuse}` });
      }
    }
    return problems;
  }

  /** Options that are set, not to their default, and change nothing. */
  ignored(config: RawConfig): readonly string[] {
    return this.#others
      .filter(({ refuse, key, default: usual }) => {
        const value = config[key]?.trim();
        return refuse === undefined && value !== undefined && value !== '' && value !== usual;
      })
      .map(({ key, doc }) => `${key}: ${doc}`);
  }
}
