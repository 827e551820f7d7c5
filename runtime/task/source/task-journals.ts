import type { Journal } from '../../connector/source.ts';
import { TopicJournal } from '../../store/journal.ts';
import type { TaskRunContext } from '../task-run-context.ts';

/** The journals of one run of a task. */
export class TaskJournals {
  readonly #context: TaskRunContext;
  readonly #open: TopicJournal[] = [];

  constructor(context: TaskRunContext) {
    this.#context = context;
  }

  async open(topic: string): Promise<Journal> {
    const { hub, env, report } = this.#context;
    const journal = await TopicJournal.open({ hub, env, topic }, (text) => report.log.warn(text));
    this.#open.push(journal);
    return journal;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    for (const journal of this.#open.splice(0)) await journal.close();
  }
}
