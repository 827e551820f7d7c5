import type { SourceConnector } from '../../connector/connector.ts';
import type { ProducerOptions } from '../../hub/port.ts';
import { MillraceError } from '../../record/error.ts';
import { DEAD_LETTER_TOPIC, deadLetterPolicy } from '../error/dead-letters.ts';
import type { TaskSpec } from '../host.ts';
import type { TaskRunContext } from '../task-run-context.ts';
import type { SourceSettings } from '../task-settings.ts';
import { topicCreation } from './topic-creation.ts';

/** Asked for by the connector's own keys; what the worker sets for all is harmless to one that cannot. */
export function refuseExactlyOnce({ config }: TaskSpec, connector: SourceConnector): void {
  const key = config['millrace.delivery'] === undefined ? 'exactly.once.support' : 'millrace.delivery';
  if (key === 'exactly.once.support' && config[key]?.trim().toLowerCase() !== 'required') return;
  throw new MillraceError('TASK_EXACTLY_ONCE_UNSUPPORTED', `${connector.className} cannot resume without repetition`, {
    kind: 'config',
    key,
    remedy: `Remove ${key}, or use a connector that supports exactly-once.`,
  });
}

function withDeadLetters(spec: TaskSpec, creation: ProducerOptions['createTopics']): ProducerOptions['createTopics'] {
  const policy = deadLetterPolicy(spec, 'source');
  if (policy.kind === 'stop' || creation === undefined) return creation;
  return (topic) => (topic === policy.topic ? DEAD_LETTER_TOPIC : creation(topic));
}

/** What a source's records, offsets and dead letters are written with. */
export function producerOptions({ spec }: TaskRunContext, settings: SourceSettings): ProducerOptions {
  const createTopics = withDeadLetters(spec, topicCreation(spec));
  const group = spec.worker['group.id'] ?? 'millrace';
  return {
    acks: settings.delivery === 'exactly-once' ? 'all' : settings.acks,
    ...(createTopics === undefined ? {} : { createTopics }),
    ...(settings.delivery === 'exactly-once'
      ? {
          transactionalId: `${group}-${spec.connector}-${spec.task}`,
          transactionTimeoutMs: settings.transactionTimeoutMs,
        }
      : {}),
  };
}
