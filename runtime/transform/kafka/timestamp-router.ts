import { option, optionSet, parseOptions } from '../../connector/options.ts';
import { messageOf } from '../../record/thrown.ts';
import { KAFKA_TRANSFORMS } from '../java-packages.ts';
import { SimpleDateFormat } from './simple-date-format.ts';
import { rejected, wrongOption } from '../transform-error.ts';
import type { TransformKind } from '../transform.ts';

const options = optionSet('TimestampRouter', {
  'topic.format': option.string({
    doc: 'New topic name; ${topic} and ${timestamp} stand for the old one and the record’s time.',
    importance: 'HIGH',
    default: '${topic}-${timestamp}',
  }),
  'timestamp.format': option.string({
    doc: 'How the time is written, in UTC: a pattern of Java’s SimpleDateFormat.',
    importance: 'HIGH',
    default: 'yyyyMMdd',
  }),
});

export const timestampRouter: TransformKind = {
  name: 'TimestampRouter',
  javaPackage: KAFKA_TRANSFORMS,
  doc: 'Names the topic after its old name and the record’s time.',
  options,
  sided: false,
  create: (config) => {
    const { 'topic.format': topicFormat, 'timestamp.format': pattern } = parseOptions(options, config);
    const format = dateFormat('timestamp.format', pattern);
    return {
      apply: (record) => {
        const { topic, timestampMs } = record;
        if (timestampMs === undefined) throw rejected('RECORD', 'Timestamp missing on record');
        const time = format.format(timestampMs);
        record.topic = topicFormat.replaceAll('${topic}', () => topic).replaceAll('${timestamp}', () => time);
        return record;
      },
    };
  },
};

/** A date pattern from an option. */
export function dateFormat(key: string, pattern: string): SimpleDateFormat {
  try {
    return new SimpleDateFormat(pattern);
  } catch (cause) {
    const reason = messageOf(cause);
    throw wrongOption(key, `${key} is no pattern of SimpleDateFormat: ${pattern} (${reason})`);
  }
}
