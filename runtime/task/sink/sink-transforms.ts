import type { SinkConnector } from '../../connector/connector.ts';
import type { SinkRejection, SinkRecord } from '../../connector/sink.ts';
import { MillraceError } from '../../record/error.ts';
import type { Datum, Header } from '../../record/record.ts';
import type { TransformChain } from '../../transform/chain.ts';
import { TransformFailure } from '../../transform/transform-failure.ts';
import { TransformRecord } from '../../transform/transform-record.ts';
import type { DeadLetter } from '../error/dead-letters.ts';
import { SCHEMA_HEADER } from '../schema-header.ts';
import type { TaskConverters } from '../task-converters.ts';
import { coordinates } from './record-decoder.ts';
import { TransformedSinkRecord, type OriginalRecord } from './transformed-record.ts';

/** A record that never reached the connector, and where it failed. */
export interface UntransformedRejection extends SinkRejection {
  readonly stage: DeadLetter['stage'];
  /** Class of the transform; of a converter its configuration tells. */
  readonly className?: string;
}

export interface SinkTransformed {
  readonly records: readonly SinkRecord[];
  readonly rejected: readonly UntransformedRejection[];
}

/** The chain of a sink task: records are decoded, pass it, and keep their place in the hub. */
export class SinkTransforms {
  readonly #chain: TransformChain;
  readonly #converters: TaskConverters;
  readonly #takesSeveral: boolean;

  constructor(chain: TransformChain, converters: TaskConverters, connector: SinkConnector) {
    this.#chain = chain;
    this.#converters = converters;
    this.#takesSeveral = connector.takesSeveralPerOffset === true;
  }

  /** The records in their order; those that were dropped are in neither list. */
  apply(originals: readonly OriginalRecord[]): SinkTransformed {
    const records: SinkRecord[] = [];
    const rejected: UntransformedRejection[] = [];
    const out: TransformRecord[] = [];
    for (const original of originals) {
      out.length = 0;
      const failure = this.#pass(original, out);
      if (failure !== null) rejected.push(failure);
      if (out.length > 1 && !this.#takesSeveral) throw several(original);
      for (const record of out) records.push(new TransformedSinkRecord(original, record, this.#converters));
    }
    return { records, rejected };
  }

  #pass(original: OriginalRecord, out: TransformRecord[]): UntransformedRejection | null {
    let stage: DeadLetter['stage'] = 'KEY_CONVERTER';
    try {
      const key = original.key();
      stage = 'VALUE_CONVERTER';
      const value = original.value();
      stage = 'TRANSFORMATION';
      this.#chain.apply(this.#record(original, key, value), out);
      return null;
    } catch (error) {
      if (error instanceof TransformFailure && error.error.kind === 'data') {
        return { record: original, error: error.error, stage, className: error.className };
      }
      if (error instanceof TransformFailure) throw error.error;
      if (!(error instanceof MillraceError) || error.kind !== 'data') throw error;
      return { record: original, error, stage };
    }
  }

  #record(original: OriginalRecord, key: Datum, value: Datum): TransformRecord {
    return new TransformRecord({
      topic: original.topic,
      partition: original.partition,
      keySchema: key.schema,
      key: key.value,
      valueSchema: value.schema,
      value: value.value,
      headers: () => this.#headers(original),
      timestampMs: original.timestampMs < 0 ? undefined : original.timestampMs,
      offset: original.offset,
    });
  }

  /** The schema header is about the bytes in the hub, not about what a chain makes of them. */
  #headers(original: OriginalRecord): readonly Header[] {
    const { topic } = original;
    const own = original.headers.filter(({ key }) => key !== SCHEMA_HEADER);
    return own.map((header) => ({ key: header.key, ...this.#converters.header.decode(topic, header) }));
  }
}

function several(record: OriginalRecord): MillraceError {
  const message = `a transform makes several records of ${coordinates(record)}, and this sink tells records apart by their offset`;
  return new MillraceError('TRANSFORM_SEVERAL_UNSUPPORTED', message, {
    kind: 'config',
    key: 'transforms',
    remedy: 'Put the transform that makes several records of one into the source, or into a connector before this one.',
  });
}
