type FormatName = 'Json' | 'Parquet' | 'ByteArray';
type PartitionerName = 'Default' | 'TimeBased' | 'Daily' | 'Hourly';

/** `io.confluent.connect.s3.format.json.JsonFormat`, `JsonFormat` or `json` → `Json`. */
export function formatName(className: string): FormatName | undefined {
  return shortName(className, 'Format', ['Json', 'Parquet', 'ByteArray'] as const);
}

export function partitionerName(className: string): PartitionerName | undefined {
  return shortName(className, 'Partitioner', ['Default', 'TimeBased', 'Daily', 'Hourly'] as const);
}

function shortName<T extends string>(className: string, ending: string, names: readonly T[]): T | undefined {
  const last = className.slice(className.lastIndexOf('.') + 1);
  const bare = (last.endsWith(ending) ? last.slice(0, -ending.length) : last).toLowerCase();
  return names.find((name) => name.toLowerCase() === bare);
}
