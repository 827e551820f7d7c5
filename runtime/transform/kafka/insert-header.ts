import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { SimpleHeaderConverter } from '../../convert/simple-header-converter.ts';
import type { Header } from '../../record/record.ts';
import { NeedsValues } from '../layout-node.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('InsertHeader', {
  header: option.string({ doc: 'Name of the header.', importance: 'HIGH' }),
  'value.literal': option.string({
    doc: 'Its value as text; its type is guessed as SimpleHeaderConverter does.',
    importance: 'HIGH',
  }),
});

export const insertHeader: TransformKind = {
  name: 'InsertHeader',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Adds a header to each record.',
  options,
  sided: false,
  create: (config) => {
    const { header: key, 'value.literal': literal } = parseOptions(options, config);
    const added: Header = {
      key,
      ...new SimpleHeaderConverter().decode('', { key, value: Buffer.from(literal.trim()) }),
    };
    return {
      apply: (record) => {
        record.headers = [...record.headers, added];
        return record;
      },
      layout: (layout) => {
        const { schema, value } = added;
        if (schema === null) throw new NeedsValues();
        return { ...layout, headers: [...layout.headers, { key, node: { kind: 'constant', schema, value } }] };
      },
    };
  },
};
