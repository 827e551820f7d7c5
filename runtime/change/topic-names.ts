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

  constructor(naming: TopicNaming) {
    this.#naming = naming;
    const { prefix, delimiter } = naming;
    this.transaction = topicName(prefix + delimiter + naming.transaction);
    this.heartbeat = topicName(naming.heartbeat + delimiter + prefix);
    this.message = topicName(`${prefix}${delimiter}message`);
  }

  table(...path: readonly string[]): string {
    const { prefix, delimiter } = this.#naming;
    return topicName([prefix, ...path].join(delimiter));
  }
}

/** Replaces what a topic name may not have by `_`, and cuts it to 249 characters. */
function topicName(text: string): string {
  return text.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, TOPIC_MAX);
}
