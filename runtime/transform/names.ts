import { nearest } from '../record/nearest.ts';
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

/** What a name that there is none of may have been meant to be, as a sentence; null: nothing is close. */
export function meantTransform(written: string): string | null {
  const known = NAMED_TRANSFORMS.flatMap((kind) =>
    transformNames(kind).flatMap(([className, short]) => [className, short]),
  );
  const sided = NAMED_TRANSFORMS.filter((kind) => kind.sided).flatMap(({ javaPackage, name }) => [
    `${javaPackage}.${name}`,
    name,
  ]);
  const meant = nearest(written, [...known, ...sided]);
  if (meant === undefined) return null;
  if (!sided.includes(meant)) return `Did you mean ${meant}?`;
  return `Name what it changes, $Key or $Value: did you mean ${meant}$Value or ${meant}$Key?`;
}

export function meantPredicate(written: string): string | null {
  const known = NAMED_PREDICATES.flatMap(({ javaPackage, name }) => [name, `${javaPackage}.${name}`]);
  const meant = nearest(written, known);
  return meant === undefined ? null : `Did you mean ${meant}?`;
}
