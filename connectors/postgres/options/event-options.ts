import {
  filterList,
  filterOptions,
  formatOptions,
  sourceTypeOptions,
  timePrecision,
  topicOptions,
  type EventWords,
} from '../../../runtime/change/options/event-options.ts';
import { option } from '../../../runtime/connector/options.ts';

const format = 'Events: format';

const words: EventWords = {
  container: 'schema',
  keyColumns: 'The replica identity must cover them.',
  skipped: 'Also left out of a publication that is created.',
  skipUnchanged: 'Needs REPLICA IDENTITY FULL.',
  decimal: 'numeric',
  binary: 'bytea',
  unavailable:
    'Stands for a value the database did not send: unchanged TOAST. With the prefix hex: it is bytes in hexadecimal.',
};

/** Which changes make records, and what these look like. */
export const eventOptions = {
  ...topicOptions,
  'schema.include.list': filterList('Regular expressions of schemas to capture; by default all.', 'Include schemas'),
  'schema.exclude.list': filterList('Regular expressions of schemas not to capture.', 'Exclude schemas'),
  ...filterOptions(words),
  ...sourceTypeOptions('schema'),
  ...formatOptions(words),
  'time.precision.mode': timePrecision('adaptive'),
  'interval.handling.mode': option.oneOf(['numeric', 'string'], {
    doc: 'interval as microseconds (365.25 days a year) or as ISO 8601 text.',
    importance: 'LOW',
    group: format,
    displayName: 'Intervals',
    default: 'numeric',
  }),
  'hstore.handling.mode': option.oneOf(['json', 'map'], {
    doc: 'hstore as JSON text or as a map.',
    importance: 'LOW',
    group: format,
    displayName: 'hstore',
    default: 'json',
  }),
  'money.fraction.digits': option.int({
    doc: 'Decimal digits of money.',
    importance: 'LOW',
    group: format,
    displayName: 'Money digits',
    default: 2,
    minimum: 0,
    maximum: 20,
  }),
  'include.unknown.datatypes': option.boolean({
    doc: 'Whether columns of types that are not known are shown, as bytes of their text.',
    group: format,
    displayName: 'Unknown types',
    default: false,
  }),
};
