import { optionSet } from '../../connector/options.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import type { TransformKind } from '../transform.ts';

export const filter: TransformKind = {
  name: 'Filter',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Drops every record it sees; a predicate says which.',
  options: optionSet('Filter', {}),
  sided: false,
  create: () => ({ apply: () => null, layout: () => null }),
};
