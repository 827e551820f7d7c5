import { cast } from './kafka/cast.ts';
import { byLogicalTableRouter } from './debezium/by-logical-table-router.ts';
import { eventRouter } from './debezium/event-router.ts';
import { extractChangedRecordState } from './debezium/extract-changed-record-state.ts';
import { extractNewRecordState } from './debezium/extract-new-record-state.ts';
import { headerToValue } from './debezium/header-to-value.ts';
import { partitionRouting } from './debezium/partition-routing.ts';
import { timezoneConverter } from './debezium/timezone-converter.ts';
import { filterWhere, where } from './condition/filter-where.ts';
import { routeWhere } from './condition/route-where.ts';
import { dropHeaders } from './kafka/drop-headers.ts';
import { explode } from './explode.ts';
import { extractField } from './kafka/extract-field.ts';
import { filter } from './kafka/filter.ts';
import { flatten } from './kafka/flatten.ts';
import { headerFrom } from './kafka/header-from.ts';
import { hoistField } from './kafka/hoist-field.ts';
import { insertField } from './kafka/insert-field.ts';
import { insertHeader } from './kafka/insert-header.ts';
import { maskField } from './kafka/mask-field.ts';
import { regexRouter } from './kafka/regex-router.ts';
import { replaceField } from './kafka/replace-field.ts';
import { setSchemaMetadata } from './kafka/set-schema-metadata.ts';
import { timestampConverter } from './kafka/timestamp-converter.ts';
import { timestampRouter } from './kafka/timestamp-router.ts';
import { valueToKey } from './kafka/value-to-key.ts';
import { hasHeaderKey, recordIsTombstone, topicNameMatches } from './kafka/predicates.ts';
import { transformNames } from './names.ts';
import type { PredicateKind, Side, TransformKind } from './transform.ts';

export const TRANSFORMS: readonly TransformKind[] = [
  cast,
  dropHeaders,
  extractField,
  filter,
  flatten,
  headerFrom,
  hoistField,
  insertField,
  insertHeader,
  maskField,
  regexRouter,
  replaceField,
  setSchemaMetadata,
  timestampConverter,
  timestampRouter,
  valueToKey,
  byLogicalTableRouter,
  eventRouter,
  extractChangedRecordState,
  extractNewRecordState,
  headerToValue,
  partitionRouting,
  timezoneConverter,
  explode,
  filterWhere,
  routeWhere,
];

export const PREDICATES: readonly PredicateKind[] = [hasHeaderKey, recordIsTombstone, topicNameMatches, where];

export interface FoundTransform {
  readonly kind: TransformKind;
  readonly side: Side;
}

/** By Java class name or its last part; undefined: there is none of this name. */
export function findTransform(written: string): FoundTransform | undefined {
  for (const kind of TRANSFORMS) {
    const found = transformNames(kind).find(([className, short]) => written === className || written === short);
    if (found !== undefined) return { kind, side: found[2] };
  }
  return undefined;
}

export function findPredicate(written: string): PredicateKind | undefined {
  return PREDICATES.find(({ name, javaPackage }) => written === name || written === `${javaPackage}.${name}`);
}
