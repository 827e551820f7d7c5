import type { TaskContext } from '../../runtime/connector/context.ts';
import type { SinkRejection } from '../../runtime/connector/sink.ts';
import { MillraceError } from '../../runtime/record/error.ts';

const REFUSED = 'ELASTICSEARCH_DOCUMENT_REFUSED';

/** Documents that the server refused, as `behavior.on.malformed.documents` has them. */
export class RefusedDocuments {
  readonly #behaviour: 'fail' | 'warn' | 'ignore';
  #leftOut = 0;

  constructor(behaviour: 'fail' | 'warn' | 'ignore') {
    this.#behaviour = behaviour;
  }

  /** So far. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** What is not left out; that is counted. */
  kept(rejected: readonly SinkRejection[], { log }: Pick<TaskContext, 'log'>): readonly SinkRejection[] {
    if (this.#behaviour === 'fail' || rejected.length === 0) return rejected;
    const kept = rejected.filter(({ error }) => !(error instanceof MillraceError && error.code === REFUSED));
    const documents = rejected.length - kept.length;
    this.#leftOut += documents;
    const [first] = rejected.filter((one) => !kept.includes(one));
    if (first !== undefined && this.#behaviour === 'warn') {
      log.warn('documents that the server refused are left out', { documents, first: first.error.message });
    }
    return kept;
  }
}
