import { option } from '../../connector/options.ts';

/** Declared by the transforms that read fields. */
export const replaceNull = {
  'replace.null.with.default': option.boolean({
    doc: 'Whether a null of a field that has a default is taken as that default.',
    default: true,
  }),
} as const;
