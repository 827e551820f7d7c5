import { Decimal } from './decimal.ts';
import { MillraceError } from './error.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  isDigit,
  JsonScanner,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-scanner.ts';
import { decimalScale, isDecimal } from './logical-types.ts';
import type { Field, Schema } from './schema.ts';
import { struct, type MutableStruct, type Value } from './value.ts';

export interface JsonReadOptions {
  /** Connect's `replace.null.with.default`: null stands for its schema's default. */
  readonly replaceNullWithDefault: boolean;
}

/** As Jackson's. */
const MAX_DEPTH = 1000;
const INTEGER_BITS: Readonly<Record<string, number>> = { int8: 8, int16: 16, int32: 32, int64: 64 };

/**
 * Reads JSON (RFC 8259) from UTF-8 bytes exactly (D13): integers of any size are bigint where a
 * number would round, other numbers that a double cannot hold are Decimals, objects keep the order
 * of their keys. With a schema, values come in the form of their schema, as Kafka Connect's
 * JsonConverter reads them; fields the schema does not know are skipped.
 *
 * Every failure is `RECORD_JSON` (not JSON) or `RECORD_VALUE` (not of the schema), `data` errors.
 */
export class JsonReader {
  readonly #scan: JsonScanner;
  readonly #options: JsonReadOptions;
  #depth = 0;

  constructor(bytes: Buffer, options: JsonReadOptions = { replaceNullWithDefault: true }) {
    this.#scan = new JsonScanner(bytes);
    this.#options = options;
  }

  /** Reads one document that takes up all bytes. */
  document(schema: Schema | null): Value {
    const value = this.value(schema);
    this.end();
    return value;
  }

  /** Fails unless only white space is left. */
  end(): void {
    if (!Number.isNaN(this.#scan.peek())) throw this.#scan.malformed('text after the end of the document');
  }

  /** Reads the next value. */
  value(schema: Schema | null): Value {
    return schema === null ? this.#untyped() : this.#typed(schema);
  }

  /** Steps over the next value; returns the bytes it takes. */
  skip(): Buffer {
    this.#scan.peek();
    const from = this.#scan.at;
    this.#untyped();
    return this.#scan.bytes.subarray(from, this.#scan.at);
  }

  /**
   * Steps over an object, calling `member` with each name, to read or skip the value; returns false
   * and reads nothing where the next value is no object.
   */
  object(member: (name: string) => void): boolean {
    if (this.#scan.peek() !== OPEN_BRACE) return false;
    this.#enter();
    if (this.#scan.peek() === CLOSE_BRACE) this.#scan.at++;
    else {
      do {
        member(this.#name());
      } while (this.#scan.more(CLOSE_BRACE));
    }
    this.#depth--;
    return true;
  }

  #name(): string {
    if (this.#scan.peek() !== QUOTE) throw this.#scan.malformed('a name is missing');
    const name = this.#scan.string();
    this.#scan.expect(COLON);
    return name;
  }

  #typed(schema: Schema): Value {
    const next = this.#scan.peek();
    if (next === 0x6e) {
      this.#scan.word('null');
      return this.#absent(schema);
    }
    switch (schema.type) {
      case 'int8':
      case 'int16':
      case 'int32':
      case 'int64':
        return this.#integer(schema);
      case 'float':
        return Math.fround(this.#double(schema));
      case 'double':
        return this.#double(schema);
      case 'boolean':
        if (next !== 0x74 && next !== 0x66) throw this.#mismatch(schema);
        return this.#scan.word(next === 0x74 ? 'true' : 'false') === 'true';
      case 'string':
        if (next !== QUOTE) throw this.#mismatch(schema);
        return this.#scan.string();
      case 'bytes':
        return this.#binary(schema);
      case 'array':
        return this.#array(schema);
      case 'map':
        return this.#map(schema);
      case 'struct':
        return this.#struct(schema);
    }
  }

  /** What null, or a member that is not there, stands for. */
  #absent(schema: Schema): Value {
    const { defaultValue, optional } = schema;
    if (defaultValue !== undefined && defaultValue !== null && this.#options.replaceNullWithDefault) {
      return defaultValue;
    }
    if (optional) return null;
    throw this.#wrong(`null, but it is required (${schema.name ?? schema.type})`);
  }

  #integer(schema: Schema): number | bigint {
    const next = this.#scan.peek();
    if (next !== MINUS && !isDigit(next)) throw this.#mismatch(schema);
    const value = this.#number();
    const bits = INTEGER_BITS[schema.type] ?? 64;
    if (typeof value === 'number') {
      if (!Number.isInteger(value)) throw this.#mismatch(schema);
      if (bits === 64) return BigInt(value);
      if (value !== (value << (32 - bits)) >> (32 - bits)) throw this.#mismatch(schema);
      return value;
    }
    if (bits < 64 || typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw this.#mismatch(schema);
    return value;
  }

  #double(schema: Schema): number {
    const next = this.#scan.peek();
    if (next === QUOTE) {
      const text = this.#scan.string();
      if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Number(text);
      throw this.#mismatch(schema);
    }
    if (next !== MINUS && !isDigit(next)) throw this.#mismatch(schema);
    return Number(this.#scan.number());
  }

  #binary(schema: Schema): Decimal | Buffer {
    const next = this.#scan.peek();
    if (next === QUOTE) {
      const text = this.#scan.string();
      const bytes = Buffer.from(text, 'base64');
      if (!isBase64(text, bytes)) throw this.#mismatch(schema);
      return isDecimal(schema) ? Decimal.fromBytes(bytes, decimalScale(schema)) : bytes;
    }
    if (!isDecimal(schema) || (next !== MINUS && !isDigit(next))) throw this.#mismatch(schema);
    const value = Decimal.parse(this.#scan.number());
    return value.rescale(decimalScale(schema)) ?? value;
  }

  #array(schema: Schema): Value[] {
    const { valueSchema } = schema;
    if (this.#scan.peek() !== OPEN_BRACKET || valueSchema === undefined) throw this.#mismatch(schema);
    const items: Value[] = [];
    this.#items(() => items.push(this.#typed(valueSchema)));
    return items;
  }

  /** An object, or where keys are no strings an array of pairs. */
  #map(schema: Schema): Map<Value, Value> {
    const { keySchema, valueSchema } = schema;
    if (keySchema === undefined || valueSchema === undefined) throw this.#mismatch(schema);
    const map = new Map<Value, Value>();
    if (keySchema.type === 'string') {
      if (!this.object((name) => map.set(name, this.#typed(valueSchema)))) throw this.#mismatch(schema);
      return map;
    }
    if (this.#scan.peek() !== OPEN_BRACKET) throw this.#mismatch(schema);
    this.#items(() => {
      if (this.#scan.peek() !== OPEN_BRACKET) throw this.#mismatch(schema);
      const pair: Value[] = [];
      this.#items(() => pair.push(this.#typed(pair.length === 0 ? keySchema : valueSchema)));
      if (pair.length !== 2) throw this.#mismatch(schema);
      map.set(pair[0] ?? null, pair[1] ?? null);
    });
    return map;
  }

  /** Fields come in the schema's order nearly always: their names are compared, not decoded. */
  #struct(schema: Schema): Value {
    const { fields } = schema;
    if (fields === undefined || this.#scan.peek() !== OPEN_BRACE) throw this.#mismatch(schema);
    const members = membersOf(schema, fields);
    const made = struct();
    let expected = 0;
    this.#enter();
    if (this.#scan.peek() === CLOSE_BRACE) this.#scan.at++;
    else {
      do {
        this.#scan.peek();
        const next = members[expected];
        if (next !== undefined && this.#scan.takes(next)) {
          this.#field(made, fields[expected++] as Field);
        } else {
          const name = this.#name();
          const index = fields.findIndex((field) => field.name === name);
          if (index < 0) this.#untyped();
          else this.#field(made, fields[index] as Field);
          expected = index + 1;
        }
      } while (this.#scan.more(CLOSE_BRACE));
    }
    this.#depth--;
    for (const { name, schema } of fields) if (made[name] === undefined) made[name] = this.#missing(name, schema);
    return made;
  }

  #field(made: MutableStruct, field: Field): void {
    try {
      made[field.name] = this.#typed(field.schema);
    } catch (error) {
      throw inField(field.name, error);
    }
  }

  #missing(name: string, schema: Schema): Value {
    try {
      return this.#absent(schema);
    } catch (error) {
      throw inField(name, error);
    }
  }

  #untyped(): Value {
    const next = this.#scan.peek();
    switch (next) {
      case QUOTE:
        return this.#scan.string();
      case OPEN_BRACE: {
        const map = new Map<Value, Value>();
        this.object((name) => map.set(name, this.#untyped()));
        return map;
      }
      case OPEN_BRACKET: {
        const items: Value[] = [];
        this.#items(() => items.push(this.#untyped()));
        return items;
      }
      case 0x74:
        return this.#scan.word('true') === 'true';
      case 0x66:
        this.#scan.word('false');
        return false;
      case 0x6e:
        this.#scan.word('null');
        return null;
      default:
        return this.#number();
    }
  }

  /** Steps over an array, calling `item` to read each. */
  #items(item: () => void): void {
    this.#enter();
    if (this.#scan.peek() === CLOSE_BRACKET) this.#scan.at++;
    else {
      do item();
      while (this.#scan.more(CLOSE_BRACKET));
    }
    this.#depth--;
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#scan.malformed(`nested deeper than ${MAX_DEPTH}`);
    this.#scan.at++;
  }

  #number(): number | bigint | Decimal {
    this.#scan.peek();
    const small = this.#scan.smallInteger();
    if (!Number.isNaN(small)) return small;
    const text = this.#scan.number();
    const value = Number(text);
    if (/^-?\d+$/.test(text)) {
      if (text === '-0') return 0;
      return Number.isSafeInteger(value) ? value : BigInt(text);
    }
    return isExact(text, value) ? value : Decimal.parse(text);
  }

  #mismatch(schema: Schema): MillraceError {
    return this.#wrong(`the JSON at byte ${this.#scan.at} is no ${schema.name ?? schema.type}`);
  }

  #wrong(problem: string): MillraceError {
    return new MillraceError('RECORD_VALUE', problem, { kind: 'data' });
  }
}

const memberNames = new WeakMap<Schema, readonly Buffer[]>();

/** Per field its name as JSON has it in the usual form: quotes, no escapes needed, a colon. */
function membersOf(schema: Schema, fields: readonly Field[]): readonly Buffer[] {
  let members = memberNames.get(schema);
  if (members === undefined) {
    members = fields.map(({ name }) => Buffer.from(`${JSON.stringify(name)}:`));
    memberNames.set(schema, members);
  }
  return members;
}

function inField(name: string, error: unknown): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'RECORD_VALUE') return error;
  const inner = error.message.startsWith('field ') ? `.${error.message.slice(6)}` : `: ${error.message}`;
  return new MillraceError('RECORD_VALUE', `field ${name}${inner}`, { kind: 'data' });
}

/** Whether a double holds all digits of a number with point or exponent. */
function isExact(text: string, value: number): boolean {
  if (text.length <= 16 && !/[eE]/.test(text)) return true;
  if (!Number.isFinite(value)) return false;
  return significant(text) === significant(String(value));
}

/** A number's digits and exponent, the same for texts of the same number. */
function significant(text: string): string {
  const { unscaled, scale } = Decimal.parse(text);
  if (unscaled === 0n) return '0';
  const digits = unscaled.toString();
  const kept = digits.replace(/0+$/, '');
  return `${kept}e${digits.length - kept.length - scale}`;
}

/** Node's decoder skips what it does not know; Java's refuses it. */
function isBase64(text: string, bytes: Buffer): boolean {
  const unpadded = text.endsWith('==') ? text.length - 2 : text.endsWith('=') ? text.length - 1 : text.length;
  return unpadded % 4 !== 1 && bytes.length === Math.floor((unpadded * 3) / 4);
}
