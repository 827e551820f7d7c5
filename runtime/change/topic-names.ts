import { MillraceError } from '../record/error.ts';

const TOPIC_MAX = 249;

export interface TopicNaming {
  /** `topic.prefix`: the logical name of the source. */
  readonly prefix: string;
  /** `topic.delimiter`. */
  readonly delimiter: string;
  /** `topic.transaction`: last part of the transaction topic. */
  readonly transaction: string;
  /** `topic.heartbeat.prefix`. */
  readonly heartbeat: string;
}

/** The topics of a database source, named as Debezium's `SchemaTopicNamingStrategy` does. */
export class TopicNames {
  readonly transaction: string;
  readonly heartbeat: string;
  readonly message: string;
  readonly #naming: TopicNaming;
  /** Which table each topic was named for. */
  readonly #tables = new Map<string, readonly string[]>();

  constructor(naming: TopicNaming) {
    this.#naming = naming;
    const { prefix, delimiter } = naming;
    this.transaction = topicName(prefix + delimiter + naming.transaction);
    this.heartbeat = topicName(naming.heartbeat + delimiter + prefix);
    this.message = topicName(`${prefix}${delimiter}message`);
  }

  /**
   * The topic of a table. Throws a `config` error where it is another table's already: `order items` and `order_items`
   * have one name, and rows of one key would replace each other (I5).
   */
  table(...path: readonly string[]): string {
    const { prefix, delimiter } = this.#naming;
    const topic = topicName([prefix, ...path].join(delimiter));
    const before = this.#tables.get(topic);
    if (before === undefined) this.#tables.set(topic, path);
    else if (before.length !== path.length || before.some((part, i) => part !== path[i]))
      throw shared(topic, before, path);
    return topic;
  }
}

function shared(topic: string, one: readonly string[], other: readonly string[]): MillraceError {
  return new MillraceError(
    'CHANGE_TOPIC_SHARED',
    `tables ${one.join('.')} and ${other.join('.')} have the same topic, ${topic}: a topic's name has letters, digits, ".", "_" and "-" only`,
    {
      kind: 'config',
      key: 'table.include.list',
      remedy:
        'Capture one of them here and the other with a connector of another topic.prefix, or rename one. If one was renamed to the other just now, restart the connector.',
    },
  );
}

/** Replaces what a topic name may not have by `_`, and cuts it to 249 characters. */
function topicName(text: string): string {
  return text.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, TOPIC_MAX);
}
