import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { pattern, Renaming } from '../pattern.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('RegexRouter', {
  regex: option.string({ doc: 'Regular expression over the whole topic name.', importance: 'HIGH' }),
  replacement: option.string({ doc: 'New topic name; $1 and ${name} stand for groups.', importance: 'HIGH' }),
});

export const regexRouter: TransformKind = {
  name: 'RegexRouter',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Renames the topic where its name matches an expression.',
  options,
  sided: false,
  create: (config) => {
    const { regex, replacement } = parseOptions(options, config);
    const renaming = new Renaming(pattern('regex', regex), replacement);
    return {
      apply: (record) => {
        record.topic = renaming.of(record.topic) ?? record.topic;
        return record;
      },
      layout: (layout) => ({ ...layout, topic: renaming.of(layout.topic) ?? layout.topic }),
    };
  },
};
