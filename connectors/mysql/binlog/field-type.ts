/** Type codes of a table map (`enum_field_types`). */
export const FIELD = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longLong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  newDate: 14,
  varchar: 15,
  bit: 16,
  timestamp2: 17,
  datetime2: 18,
  time2: 19,
  blobCompressed: 140,
  varcharCompressed: 141,
  vector: 242,
  json: 245,
  newDecimal: 246,
  enum: 247,
  set: 248,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
  geometry: 255,
} as const;

const NUMERIC: ReadonlySet<number> = new Set([
  FIELD.tiny,
  FIELD.short,
  FIELD.int24,
  FIELD.long,
  FIELD.longLong,
  FIELD.float,
  FIELD.double,
  FIELD.newDecimal,
  FIELD.year,
]);

/** Counted by the signedness bits. */
export function isNumeric(type: number): boolean {
  return NUMERIC.has(type);
}

export function isBlob(type: number): boolean {
  return type >= FIELD.tinyBlob && type <= FIELD.blob;
}

/** Counted by the character sets. MariaDB counts geometry too. */
export function isCharacter(type: number, geometry: boolean): boolean {
  if (type === FIELD.geometry) return geometry;
  if (type === FIELD.varcharCompressed || type === FIELD.blobCompressed) return true;
  return type === FIELD.string || type === FIELD.varString || type === FIELD.varchar || isBlob(type);
}
