/**
 * What third-party connectors import as `millrace/connector`: the contract, the declaration of
 * options, and what records are made of. See docs/writing-a-connector.md.
 */
export { CONTRACT_VERSION } from './contract-version.ts';
export type { CheckResult, Connector, ConnectorCall, SinkConnector, SourceConnector } from './connector.ts';
export type { Log, TaskContext } from './context.ts';
export type { PreviewedOutput, SinkPreview } from './preview.ts';
export type { RewindTarget, RewoundPartition, SinkRewind } from './rewind.ts';
export { option, optionSet, parseOptions, type Options, type OptionSet, type RawConfig } from './options.ts';
export type {
  Assigned,
  Offsets,
  RedrivenRecord,
  SinkRecord,
  SinkRejection,
  SinkResult,
  SinkTask,
  SinkTaskStart,
  TopicFacts,
} from './sink.ts';
export type { Replacement, SinkRebuild, TargetRow } from './sink-target.ts';
export type {
  Journal,
  Position,
  Progress,
  RejectedSource,
  SourceBatch,
  SourceOffset,
  SourceRecord,
  SourceTask,
  SourceTaskStart,
} from './source.ts';
export {
  FIELD_SEPARATOR,
  LONG_TEXT_BYTES,
  type CanonicalForm,
  type SourceTruth,
  type Totals,
  type TruthColumn,
  type TruthTable,
} from './truth.ts';
export type { Env } from '../env/env.ts';
export type { CellCodec } from '../record/cell-codec.ts';
export { Decimal } from '../record/decimal.ts';
export { MillraceError, type ErrorKind } from '../record/error.ts';
export {
  topicPartitionName,
  type Datum,
  type Header,
  type JsonObject,
  type JsonValue,
  type RawHeader,
  type TopicPartition,
} from '../record/record.ts';
export { NO_TIMESTAMP, NULL_CELL, RowBlock, UNCHANGED_CELL } from '../record/row-block.ts';
export type { LayoutNode, RowLayout } from '../record/row-layout.ts';
export * from '../record/schema-builder.ts';
export type { Field, Schema, SchemaType } from '../record/schema.ts';
export { struct, type StructValue, type Value } from '../record/value.ts';
