import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { requireNames } from '../requirements.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('DropHeaders', {
  headers: option.list({ doc: 'Names of the headers to remove.', importance: 'HIGH' }),
});

export const dropHeaders: TransformKind = {
  name: 'DropHeaders',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Removes headers by name.',
  options,
  sided: false,
  create: (config) => {
    const { headers } = parseOptions(options, config);
    const names = new Set(requireNames('headers', headers));
    return {
      apply: (record) => {
        const kept = record.headers.filter(({ key }) => !names.has(key));
        if (kept.length < record.headers.length) record.headers = kept;
        return record;
      },
      layout: (layout) => ({ ...layout, headers: layout.headers.filter(({ key }) => !names.has(key)) }),
    };
  },
};
