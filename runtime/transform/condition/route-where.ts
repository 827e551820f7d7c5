import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { fieldPath } from '../field-path.ts';
import { MILLRACE_TRANSFORMS } from '../java-packages.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';
import { conditionOf, nameText, reader } from './condition.ts';
import { layoutRecord, type Parts } from './layout-record.ts';

const options = optionSet('RouteWhere', {
  topic: option.string({
    doc: 'New topic name; ${topic}, ${key.…}, ${value.…} and ${header.name} stand for parts of the record.',
    importance: 'HIGH',
    minLength: 1,
  }),
  condition: option.string({
    doc: 'Which records are routed: a condition as FilterWhere has it; by default all.',
    importance: 'HIGH',
    optional: true,
  }),
});

export const routeWhere: TransformKind = {
  name: 'RouteWhere',
  javaPackage: MILLRACE_TRANSFORMS,
  doc: 'Names the topic after parts of the record, where a condition is true.',
  options,
  sided: false,
  create: (config) => {
    const { topic, condition } = parseOptions(options, config);
    const test = condition === undefined ? null : conditionOf('condition', condition);
    const name = template(topic);
    return {
      apply: (record) => {
        if (test === null || test(record)) record.topic = name(record);
        return record;
      },
      layout: (layout) => {
        const seen = layoutRecord(layout);
        return test === null || test(seen) ? { ...layout, topic: name(seen) } : layout;
      },
    };
  },
};

const TOPIC_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

function template(text: string): (record: Parts) => string {
  const parts = text.split(/(\$\{[^}]*\})/).filter((part) => part !== '');
  const reads = parts.map((part) => (/^\$\{[^}]*\}$/.test(part) ? placeholder(part.slice(2, -1)) : () => part));
  return (record) => {
    const name = reads.map((read) => read(record)).join('');
    if (TOPIC_NAME.test(name) && name !== '.' && name !== '..') return name;
    throw rejected('VALUE', `the record would go to a topic that cannot be: its name would not be valid`);
  };
}

function placeholder(text: string): (record: Parts) => string {
  const [of = '', ...path] = fieldPath(text.trim(), 'V2', 'topic');
  const operand =
    of === 'topic' && path.length === 0
      ? ({ of } as const)
      : of === 'header' && path.length === 1
        ? ({ of, name: path[0] ?? '' } as const)
        : of === 'key' || of === 'value'
          ? ({ of, path } as const)
          : null;
  if (operand === null)
    throw wrongOption(
      'topic',
      `topic: \${${text}} stands for nothing`,
      'Use ${topic}, ${key.…}, ${value.…} or ${header.name}.',
    );
  const read = reader(operand);
  return (record) => {
    const name = nameText(read(record));
    if (name === null) throw rejected('VALUE', `\${${text}} is missing in the record, or is no text or number`);
    return name;
  };
}
