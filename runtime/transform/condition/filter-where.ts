import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { MILLRACE_PREDICATES, MILLRACE_TRANSFORMS } from '../java-packages.ts';
import type { PredicateKind, TransformKind } from '../transform.ts';
import { conditionOf } from './condition.ts';
import { layoutRecord } from './layout-record.ts';

const CONDITION = `A condition over topic, partition, timestamp, offset, key.…, value.… and header.name: value.status in ('new', 'paid') and value.amount >= 100.`;

const options = optionSet('FilterWhere', {
  condition: option.string({ doc: CONDITION, importance: 'HIGH' }),
  keep: option.oneOf(['matching', 'others'], {
    doc: 'Which records go on: those for which it is true, or the others.',
    default: 'matching',
  }),
});

export const filterWhere: TransformKind = {
  name: 'FilterWhere',
  javaPackage: MILLRACE_TRANSFORMS,
  doc: 'Drops records by a condition.',
  options,
  sided: false,
  create: (config) => {
    const { condition, keep } = parseOptions(options, config);
    const test = conditionOf('condition', condition);
    const kept = keep === 'matching';
    return {
      apply: (record) => (test(record) === kept ? record : null),
      layout: (layout) => (test(layoutRecord(layout)) === kept ? layout : null),
    };
  },
};

const predicateOptions = optionSet('Where', { condition: option.string({ doc: CONDITION, importance: 'HIGH' }) });

export const where: PredicateKind = {
  name: 'Where',
  javaPackage: MILLRACE_PREDICATES,
  doc: 'True for records that fulfil a condition.',
  options: predicateOptions,
  create: (config) => {
    const test = conditionOf('condition', parseOptions(predicateOptions, config).condition);
    return { test, testLayout: (layout) => test(layoutRecord(layout)) };
  },
};
