import type { Connector, SinkConnector, SourceConnector } from '../../../runtime/connector/connector.ts';
import { option, optionSet, type OptionSet, type RawConfig } from '../../../runtime/connector/options.ts';
import type { PluginCatalog, PluginSummary } from '../../../runtime/cluster/plugin-catalog.ts';
import { MillraceError } from '../../../runtime/record/error.ts';
import type { JsonObject } from '../../../runtime/record/record.ts';

/** Stand-ins for Kafka Connect's file connectors: their options and offsets, no files. */

const file = 'org.apache.kafka.connect.file.';

function noTask(): never {
  throw new Error('a fake host runs no tasks');
}

function refuse(message: string): never {
  throw new MillraceError('OFFSETS_INVALID', message, { kind: 'config' });
}

function checkOffset(partition: JsonObject, offset: JsonObject | null): void {
  if (partition['filename'] === undefined) refuse("Partition objects should contain the key 'filename'");
  if (offset === null) return;
  const { position } = offset;
  if (position === undefined) refuse("Offset objects should either be null or contain the key 'position'");
  if (typeof position !== 'number')
    refuse("The value for the 'position' key in the offset is expected to be a Long value");
  if (position < 0) refuse("The value for the 'position' key in the offset should be a non-negative value");
}

export const fileSource: SourceConnector = {
  kind: 'source',
  className: `${file}FileStreamSourceConnector`,
  aliases: ['FileStreamSourceConnector', 'FileStreamSource'],
  version: '4.3.1',
  exactlyOnce: true,
  options: optionSet('file source', {
    file: option.string({ doc: 'File.', importance: 'HIGH', optional: true }),
    topic: option.string({ doc: 'Topic.', importance: 'HIGH' }),
    'batch.size': option.int({ doc: 'Batch.', importance: 'LOW', default: 2000 }),
    'file.password': option.password({ doc: 'Secret.', importance: 'LOW', optional: true }),
  }),
  plan: (config) => [config],
  createTask: noTask,
  alterOffsets: async (_call, offsets) => {
    for (const { partition, offset } of offsets) checkOffset(partition, offset);
  },
};

export const fileSink: SinkConnector = {
  kind: 'sink',
  className: `${file}FileStreamSinkConnector`,
  aliases: ['FileStreamSinkConnector', 'FileStreamSink'],
  version: '4.3.1',
  options: optionSet('file sink', { file: option.string({ doc: 'File.', importance: 'HIGH', optional: true }) }),
  plan: (config: RawConfig, tasksMax: number) => Array.from({ length: Math.min(tasksMax, 3) }, () => config),
  createTask: noTask,
};

const converters: Readonly<Record<string, OptionSet>> = {
  'org.apache.kafka.connect.storage.StringConverter': optionSet('string', {
    'converter.encoding': option.string({ doc: 'Encoding.', default: 'UTF-8' }),
  }),
  'org.apache.kafka.connect.json.JsonConverter': optionSet('json', {
    'schemas.enable': option.boolean({ doc: 'Schemas.', default: true }),
  }),
};

const headerConverters: Readonly<Record<string, OptionSet>> = {
  'org.apache.kafka.connect.storage.SimpleHeaderConverter': optionSet('simple', {}),
};

const predicates: Readonly<Record<string, OptionSet>> = {
  'org.apache.kafka.connect.transforms.predicates.TopicNameMatches': optionSet('topic name', {
    pattern: option.string({ doc: 'Pattern.' }),
  }),
};

const transforms: Readonly<Record<string, OptionSet>> = {
  'org.apache.kafka.connect.transforms.HoistField$Value': optionSet('hoist', {
    type: option.className({ doc: 'Type.' }),
    predicate: option.string({ doc: 'Predicate.', optional: true }),
    field: option.string({ doc: 'Field.' }),
  }),
};

export class FileCatalog implements PluginCatalog {
  readonly connectors: Connector[];

  constructor(connectors: readonly Connector[] = [fileSource, fileSink]) {
    this.connectors = [...connectors];
  }

  list(): readonly PluginSummary[] {
    const connectors = this.connectors.map(({ className, aliases, kind, version }) => ({
      className,
      aliases,
      kind,
      version,
    }));
    const others = Object.keys(converters).map((className) => ({
      className,
      aliases: [],
      kind: 'converter' as const,
      version: '4.3.1',
    }));
    return [...connectors.toSorted((a, b) => a.className.localeCompare(b.className)), ...others];
  }

  async connector(className: string): Promise<Connector | null> {
    return this.#named(className);
  }

  kindOf(className: string): Connector['kind'] | null {
    return this.#named(className)?.kind ?? null;
  }

  #named(className: string): Connector | null {
    return this.connectors.find((one) => one.className === className || one.aliases.includes(className)) ?? null;
  }

  find(kind: string, className: string): OptionSet | null {
    if (kind === 'converter') return converters[className] ?? null;
    if (kind === 'header_converter') return headerConverters[className] ?? null;
    if (kind === 'predicate') return predicates[className] ?? null;
    return kind === 'transformation' ? (transforms[className] ?? null) : null;
  }
}
