import {
  DEBEZIUM_TRANSFORMS,
  KAFKA_PREDICATES,
  KAFKA_TRANSFORMS,
  MILLRACE_PREDICATES,
  MILLRACE_TRANSFORMS,
} from './java-packages.ts';
import type { Side, TransformKind } from './transform.ts';

/*
 * What there is, for lists: without the transforms themselves, which a worker loads only for a
 * configuration that names one. `registry.ts` has the same.
 */

type Named = Pick<TransformKind, 'javaPackage' | 'name' | 'sided'>;

const BY_PACKAGE: readonly (readonly [javaPackage: string, sided: boolean, names: string])[] = [
  [
    KAFKA_TRANSFORMS,
    true,
    'Cast ExtractField Flatten HeaderFrom HoistField InsertField MaskField ReplaceField SetSchemaMetadata TimestampConverter',
  ],
  [KAFKA_TRANSFORMS, false, 'DropHeaders Filter InsertHeader RegexRouter TimestampRouter ValueToKey'],
  [
    DEBEZIUM_TRANSFORMS,
    false,
    'ByLogicalTableRouter ExtractChangedRecordState ExtractNewRecordState HeaderToValue TimezoneConverter',
  ],
  [`${DEBEZIUM_TRANSFORMS}.outbox`, false, 'EventRouter'],
  [`${DEBEZIUM_TRANSFORMS}.partitions`, false, 'PartitionRouting'],
  [MILLRACE_TRANSFORMS, false, 'Explode FilterWhere RouteWhere'],
];

export const NAMED_TRANSFORMS: readonly Named[] = BY_PACKAGE.flatMap(([javaPackage, sided, names]) =>
  names.split(' ').map((name) => ({ javaPackage, name, sided })),
);

export const NAMED_PREDICATES: readonly Pick<TransformKind, 'javaPackage' | 'name'>[] = [
  ...['HasHeaderKey', 'RecordIsTombstone', 'TopicNameMatches'].map((name) => ({ javaPackage: KAFKA_PREDICATES, name })),
  { javaPackage: MILLRACE_PREDICATES, name: 'Where' },
];

/** The names a transform can be given: its Java class name first, then the short one. */
export function transformNames(kind: Named): readonly (readonly [className: string, short: string, side: Side])[] {
  const name = (suffix: string, side: Side) =>
    [`${kind.javaPackage}.${kind.name}${suffix}`, `${kind.name}${suffix}`, side] as const;
  return kind.sided ? [name('$Key', 'key'), name('$Value', 'value')] : [name('', 'value')];
}
