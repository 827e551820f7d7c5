import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { isAlwaysNull } from '../layout-node.ts';
import { KAFKA_PREDICATES } from '../java-packages.ts';
import { pattern } from '../pattern.ts';
import type { PredicateKind } from '../transform.ts';

const hasHeaderOptions = optionSet('HasHeaderKey', {
  name: option.string({ doc: 'Header name.', minLength: 1 }),
});

export const hasHeaderKey: PredicateKind = {
  name: 'HasHeaderKey',
  javaPackage: KAFKA_PREDICATES,
  doc: 'True for records that have a header of a name.',
  options: hasHeaderOptions,
  create: (config) => {
    const { name } = parseOptions(hasHeaderOptions, config);
    return {
      test: ({ headers }) => headers.some(({ key }) => key === name),
      testLayout: ({ headers }) => headers.some(({ key }) => key === name),
    };
  },
};

export const recordIsTombstone: PredicateKind = {
  name: 'RecordIsTombstone',
  javaPackage: KAFKA_PREDICATES,
  doc: 'True for records without a value.',
  options: optionSet('RecordIsTombstone', {}),
  create: () => ({ test: ({ value }) => value === null, testLayout: ({ value }) => isAlwaysNull(value) }),
};

const topicOptions = optionSet('TopicNameMatches', {
  pattern: option.string({ doc: 'Regular expression over the whole topic name.', minLength: 1 }),
});

const MOST_TOPICS = 10_000;

export const topicNameMatches: PredicateKind = {
  name: 'TopicNameMatches',
  javaPackage: KAFKA_PREDICATES,
  doc: 'True for records whose topic name matches an expression.',
  options: topicOptions,
  create: (config) => {
    const { pattern: text } = parseOptions(topicOptions, config);
    const expression = pattern('pattern', text);
    const known = new Map<string, boolean>();
    const test = ({ topic }: { readonly topic: string }): boolean => {
      let answer = known.get(topic);
      if (answer === undefined) {
        answer = expression.matches(topic);
        if (known.size >= MOST_TOPICS) known.clear();
        known.set(topic, answer);
      }
      return answer;
    };
    return { test, testLayout: test };
  },
};
