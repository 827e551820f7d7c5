import { FIELD_SEPARATOR, LONG_TEXT_BYTES, type TruthColumn, type TruthTable } from '../../connector/truth.ts';
import { decimalScale, isDecimal } from '../../record/logical-types.ts';
import { hashedField, infiniteMicros, MICROS_PER_UNIT, NANO_TYPES } from './canonical-text.ts';
import { placeholderText } from './event-image.ts';
import { SHORT_DECIMAL_HEX } from './long-decimals.ts';

/** How the archive of a topic is stored: the S3 sink's formats, with `millrace.envelope=true`. */
export type ArchiveFormat = 'json' | 'parquet';

/** Fields of the source block that decide about an event: see `SourceTruth`. */
export interface SourceFields {
  readonly includedBy: readonly string[];
  readonly placedBy: readonly string[];
}

/** Longest JSON line that is read. */
const MOST_LINE_BYTES = 1024 * 1024 * 1024;

/** What stands before a number of a line, whole strings with it, and the number; at last the line's end. */
const NUMBERS = String.raw`((?:[^"0-9-]|"(?:[^"\\]|\\.)*")*)(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|$)`;

/** A date of any year as DuckDB shows it, or ISO 8601. */
const DATE = String.raw`[+-]?[0-9]{4,}-[0-9]{2}-[0-9]{2}(?: \(BC\))?`;

/**
 * Functions that the other statements use. `unscaled_decimal(hex, scale)`: a decimal's two's
 * complement, in a `long_integer` beyond 15 bytes. `exact(line)`: a line of JSON whose numbers are texts behind
 * a `#`, since DuckDB's JSON keeps 17 digits of a fraction. `days_of`, `instant_micros`: of a date or an
 * instant as text, in any year: DuckDB's own instants end with the year 294246, and lose digits long before.
 */
export const MACROS = `
  create temp macro magnitude(hex) as
    ('0x' || hex[1:16])::ubigint::hugeint * 18446744073709551616::hugeint + ('0x' || hex[17:32])::ubigint::hugeint;
  create temp macro placed_point(digits, scale) as
    case when scale <= 0 then digits || repeat('0', -scale)
    else lpad(digits, greatest(strlen(digits), scale + 1)::int, '0')[:-(scale + 1)] || '.' || right(lpad(digits, greatest(strlen(digits), scale + 1)::int, '0'), scale) end;
  create temp macro long_decimal(digits, scale) as
    case when digits[1] = '-' then '-' || placed_point(digits[2:], scale) else placed_point(digits, scale) end;
  create temp macro exact(line) as regexp_replace(line, ${literal(NUMBERS)}, '\\1"#\\2"', 'g')[:-4]::json;
  create temp macro unscaled_decimal(hex, scale) as
    case when strlen(hex) > ${SHORT_DECIMAL_HEX} then long_decimal(long_integer(hex), scale)
    when hex >= '8' then '-' || placed_point((magnitude(lpad(translate(hex, '0123456789abcdef', 'fedcba9876543210'), 32, '0')) + 1)::varchar, scale)
    else placed_point(magnitude(lpad(hex, 32, '0'))::varchar, scale) end;
  create temp macro trimmed(number) as
    case when contains(number, '.') then regexp_replace(number, '\\.?0+$', '') else number end;
  create temp macro day_number(date) as (date::date - date '1970-01-01')::bigint;
  create temp macro days_of(shown) as
    case shown when 'infinity' then '2147483647' when '-infinity' then '-2147483647'
    when '5877642-06-23 (BC)' then '-2147483648' -- which DuckDB shows and does not read
    else case when regexp_full_match(shown, '${DATE}') then day_number(ltrim(shown, '+'))::varchar else shown end end;
  create temp macro instant_micros(shown) as
    case when regexp_full_match(shown, '(${DATE})[T ][0-9:.]+(Z|[+]00(:00)?)?')
    then (day_number(ltrim(regexp_extract(shown, '^${DATE}'), '+'))::hugeint * 86400000000
      + epoch_us(regexp_extract(shown, '[T ]([0-9:.]+)(Z|[+]00(:00)?)?$', 1)::time))::varchar
    when contains(shown, 'infinity') then shown
    else epoch_us(shown::timestamptz)::varchar end`;

/**
 * The records of the files: partition, offset, key, value, and whether the row had another key
 * before. `columns`: those that Parquet files have; one in which all is null has none.
 */
export function recordsSql(
  files: readonly string[],
  format: ArchiveFormat,
  columns: ReadonlySet<string>,
  instants: Instants,
): string {
  const from = filesSql(files, format);
  if (format === 'json') {
    return `select (json->>'$.partition')::int as p, (json->>'$.offset')::bigint as o, json->'$.key' as k,
      json->'$.value' as v, contains((json->'$.headers')::varchar, '"__debezium.oldkey"') as moved,
      json::varchar as line from ${from}`;
  }
  const images = (['before', 'after'] as const)
    .filter((image) => instants[image].length > 0)
    .map((image) => `${image} := ${countedSql(`"value".${image}`, instants[image])}`);
  const value = images.length === 0 ? `"value"` : updatedSql(`"value"`, images);
  const key = instants.key.length === 0 ? `"key"` : countedSql(`"key"`, instants.key);
  const part = (name: string, from = `"${name}"`): string => (columns.has(name) ? `to_json(${from})` : 'null::json');
  return `select "partition"::int as p, "offset"::bigint as o, ${part('key', key)} as k, ${part('value', value)} as v,
    contains(${part('headers')}::varchar, '"__debezium.oldkey"') as moved from ${from}`;
}

/** Fields of Parquet files that are instants, by the structure they are in. */
export type Instants = Readonly<Record<'key' | 'before' | 'after', readonly string[]>>;

/** How an instant of Parquet files is shown: microseconds, since DuckDB can show none of the first ones that Parquet holds. */
const COUNTED = 'us';

function countedSql(of: string, fields: readonly string[]): string {
  const counted = fields.map((name) => `${quoted(name)} := epoch_us(${of}.${quoted(name)}) || '${COUNTED}'`);
  return updatedSql(of, counted);
}

/** DuckDB makes a structure of nulls of NULL, which a tombstone's value and a missing image are. */
function updatedSql(of: string, fields: readonly string[]): string {
  return `case when ${of} is not null then struct_update(${of}, ${fields.join(', ')}) end`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The files as a table: of Parquet its columns, of JSON Lines one column, `json`. */
export function filesSql(files: readonly string[], format: ArchiveFormat): string {
  const list = `[${files.map(literal).join(', ')}]`;
  if (format === 'parquet') return `read_parquet(${list}, union_by_name = true)`;
  return `read_ndjson_objects(${list}, maximum_object_size = ${MOST_LINE_BYTES})`;
}

/**
 * Fills the table `change`, an event a row: what decides about it (`included`, `placed`: JSON
 * objects), the key (`id`), the fields of the row after it and which of them may be left out
 * (`open`, in the order of {@link openColumns}).
 */
export function changeSql(records: string, format: ArchiveFormat, table: TruthTable, fields: SourceFields): string {
  const sql = new ColumnSql(format, table);
  const images =
    table.key.length > 0
      ? `${sql.key()} as id, ${sql.isFormer()} as former, [${sql.fields('a')}] as f, ${sql.open()} as open`
      : `'' as id, false as former, ${sql.hash('b')} as before, ${sql.hash('a')} as after, v->>'$.transaction.total_order' as place`;
  return `create temp table change as
    with record as (${records}),
    event as (select p, o, moved, k, v, v->>'$.op' as op, v->'$.before' as b, v->'$.after' as a, v->'$.source' as s,
      ${sql.exact()} as x from record)
    select p, o, op, json_type(v) <> 'NULL' as valued, ${IS_CHANGE} as tells, coalesce(moved, false) as moved, ${sourceObject(fields.includedBy)} as included,
      ${sourceObject(fields.placedBy)} as placed, ${images} from event`;
}

const IS_CHANGE = `op in ('c', 'r', 'u', 'd', 't', 'm') and json_type(s) = 'OBJECT'`;

/** Indices of the columns that `open` tells about. */
export function openColumns(table: TruthTable): readonly number[] {
  if (table.unavailable === undefined) return [];
  return table.columns.flatMap(({ mayBeLeftOut }, index) => (mayBeLeftOut ? [index] : []));
}

/**
 * The last event of each row that is left: its key, hash, place, and, where a value was left out,
 * the row's fields as they are with what stayed, and those that can be read otherwise.
 */
export function rowsSql(table: TruthTable): string {
  const open = openColumns(table);
  const stayed = open.map((column, at) => `arg_max(f[${column + 1}], o) filter (not open[${at + 1}])`);
  // NULL is always sent: where it stood before, the placeholder is the value.
  const now = table.columns.map((_column, index) => {
    const field = `f[${index + 1}]`;
    const at = open.indexOf(index) + 1;
    if (at === 0) return field;
    return `case when open[${at}] and stayed[${at}] is distinct from 'n' then coalesce(stayed[${at}], 'n') else ${field} end`;
  });
  return `
    with died as (select id, max(o) as at from change where op = 'd' group by id),
    alive as (select change.* from change left join died on died.id = change.id
      where op in ('c', 'r', 'u') and o > coalesce(died.at, -1)),
    last as (select id, arg_max(f, o) as f, arg_max(open, o) as open, arg_max(p, o) as p, max(o) as o,
      arg_max(placed, o) as placed, bool_or(op = 'c' and moved) as moved, [${stayed.join(', ')}]::varchar[] as stayed
      from alive group by id)
    select id, ('0x' || substr(md5(array_to_string([${now.join(', ')}], '')), 1, 15))::ubigint as hash, p, o, placed::varchar,
      case when list_contains(open, true) then to_json({fields: [${now.join(', ')}], open: open, stayed: stayed, moved: moved})::varchar end
    from last`;
}

function sourceObject(fields: readonly string[]): string {
  return `json_object(${fields.map((name) => `${literal(name)}, s->${literal(`$."${name}"`)}`).join(', ')})::varchar`;
}

function keyColumns(table: TruthTable): TruthColumn[] {
  return table.key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    if (column === undefined) throw new Error(`key column ${name} of ${table.name} is not compared`);
    return column;
  });
}

/** Where the JSON objects that hold rows and keys are: in a line, and what they are called here. */
const IMAGES = { k: 'key', b: 'value.before', a: 'value.after' } as const;
type Image = keyof typeof IMAGES;

/** SQL of a table's columns in the JSON objects that hold its rows. */
class ColumnSql {
  readonly #format: ArchiveFormat;
  readonly #table: TruthTable;

  constructor(format: ArchiveFormat, table: TruthTable) {
    this.#format = format;
    this.#table = table;
  }

  /** The fields of a row's hash, with commas between. */
  fields(from: Image): string {
    return this.#table.columns.map((column) => this.#field(column, from)).join(', ');
  }

  /** The row's key: of the record, or of the row where the record has another one. */
  key(): string {
    const of = (from: Image): string => {
      const texts = keyColumns(this.#table).map((column) => this.canonical(column, from));
      return `concat_ws(${literal(FIELD_SEPARATOR)}, ${texts.join(', ')})`;
    };
    return `case when not ${this.isFormer()} then ${of('k')} when op = 'd' then ${of('b')} else ${of('a')} end`;
  }

  /** Whether an event's key lacks fields that the table's key has now. */
  isFormer(): string {
    const lacks = keyColumns(this.#table).map((column) => {
      const given = (from: string): string => `coalesce(json_type(${from}, ${pathSql(column)}), 'NULL') <> 'NULL'`;
      return `(not ${given('k')} and (op = 'd' or ${given('a')}))`;
    });
    return `coalesce(op in ('c', 'r', 'u', 'd') and (${lacks.join(' or ')}), false)`;
  }

  hash(from: Image): string {
    const fields = `array_to_string([${this.fields(from)}], '')`;
    return `case when json_type(${from}) = 'OBJECT' then ('0x' || substr(md5(${fields}), 1, 15))::ubigint end`;
  }

  /** Per column of {@link openColumns}: whether it shows the placeholder of a value left out. */
  open(): string {
    const columns = openColumns(this.#table).map((index) => {
      const column = this.#table.columns[index];
      if (column === undefined) return 'false';
      const placeholder = literal(placeholderText(this.#table.unavailable ?? '', column));
      const unknown = `coalesce(json_type(b, ${pathSql(column)}), 'NULL') = 'NULL'`;
      const left = `(op = 'u' or (op = 'c' and moved)) and ${unknown}`;
      return `coalesce(${left} and ${this.canonical(column, 'a')} = ${placeholder}, false)`;
    });
    return `[${columns.join(', ')}]::boolean[]`;
  }

  #field(column: TruthColumn, from: Image): string {
    const text = this.canonical(column, from);
    return `case json_type(${from}, ${pathSql(column)}) when 'NULL' then 'n'
      else case when json_type(${from}, ${pathSql(column)}) is null then ${literal(hashedField(column.missing))}
      when strlen(${text}) > ${LONG_TEXT_BYTES} then 'm' || md5(${text}) else strlen(${text}) || ':' || ${text} end end`;
  }

  /** Canonical text of a field of the JSON object `from`. */
  canonical(column: TruthColumn, from: Image): string {
    const text = `(${from}->>${pathSql(column)})`;
    switch (column.form) {
      case 'text':
      case 'integer':
      case 'boolean':
        return text;
      case 'days':
        return `days_of(${text})`;
      case 'decimal':
        return `trimmed(${this.#decimal(column, from, text)})`;
      case 'bytes':
        return this.#hex(text);
      case 'micros':
        return this.#micros(column, text);
      case 'double':
        return `lower(hex(${text}::double::bit::blob))`;
      case 'float':
        return `lower(hex(${text}::float::bit::blob))`;
    }
  }

  /** Parquet has bytes, which DuckDB's JSON shows as the text of a BLOB. */
  #hex(text: string): string {
    return this.#format === 'json' ? `lower(hex(from_base64(${text})))` : `lower(hex(${text}::blob))`;
  }

  /** The line with exact numbers, where one of its decimals is a number with a fraction. */
  exact(): string {
    if (this.#format !== 'json') return 'null';
    const decimals = this.#table.columns.filter(({ form, schema }) => form === 'decimal' && isDecimal(schema));
    const are = decimals.flatMap((column) =>
      Object.values(IMAGES).map((at) => `json_type(line, ${pathSql(column, `$.${at}`)}) = 'DOUBLE'`),
    );
    return are.length === 0 ? 'null' : `case when ${are.join(' or ')} then exact(line) end`;
  }

  #decimal({ name, schema }: TruthColumn, from: Image, text: string): string {
    if (isDecimal(schema) && this.#format === 'json') {
      const bytes = `unscaled_decimal(${this.#hex(text)}, ${decimalScale(schema)})`;
      const number = `(x->>${pathSql({ name }, `$.${IMAGES[from]}`)})[2:]`;
      return `case json_type(${from}, ${pathSql({ name })}) when 'VARCHAR' then ${bytes} when 'DOUBLE' then ${number} else ${text} end`;
    }
    if (schema.type !== 'struct') return text;
    const part = (field: string): string => `(${from}->>${literal(`${path(name)}.${field}`)})`;
    return `unscaled_decimal(${this.#hex(part('value'))}, ${part('scale')}::int)`;
  }

  #micros({ schema }: TruthColumn, text: string): string {
    const units = `${text}::bigint`;
    const name = schema.name ?? '';
    const micros = NANO_TYPES.has(name) ? `${units} // 1000` : `${units} * ${MICROS_PER_UNIT[name] ?? 1n}`;
    const [first, last] = infiniteMicros(name);
    return `replace(replace(case when regexp_full_match(${text}, '-?[0-9]+') then (${micros})::varchar
      when regexp_full_match(${text}, '-?[0-9]+${COUNTED}') then ${text}[:-3]
      when regexp_full_match(${text}, '[0-9]{2}:[0-9]{2}:[0-9.]+') then epoch_us(${text}::time)::varchar
      else instant_micros(${text}) end, '${first}', '-infinity'), '${last}', 'infinity')`;
  }
}

function path(name: string, of = '$'): string {
  return `${of}."${name.replaceAll('"', '\\"')}"`;
}

function pathSql({ name }: Pick<TruthColumn, 'name'>, of?: string): string {
  return literal(path(name, of));
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
