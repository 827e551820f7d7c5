/** Below it a loop is faster than the call into native code (measured: 1 ns a byte against 40 ns a call). */
const LOOP_BELOW = 40;
const copyBytes = Buffer.prototype.copy;

/** Up to it, four bytes at a time are faster than the call. */
const WORDS_BELOW = 160;

/** Memory that a writer keeps between uses. */
const KEPT_BYTES = 8 * 1024 * 1024;

/** Bytes that are written often, prepared for {@link ByteWriter.literal}. */
export interface Literal {
  readonly bytes: Buffer;
  /** The same, little-endian, zeros at the end. */
  readonly words: Int32Array;
}

export function literal(bytes: Uint8Array): Literal {
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  const words = new Int32Array(padded.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = padded.readInt32LE(i * 4);
  return { bytes: Buffer.from(bytes), words };
}

/**
 * A growing byte buffer that is written from the front and reset, not reallocated. `bytes` may be
 * replaced by any call that writes: read it again afterwards.
 */
export class ByteWriter {
  bytes: Buffer;
  /** The same memory, to write several bytes at once. Replaced together with `bytes`. */
  words: DataView;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
    this.words = new DataView(this.bytes.buffer);
  }

  /** Starts again from the front. Memory that one large value needed is given back (I7). */
  reset(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.#replace(Buffer.allocUnsafeSlow(KEPT_BYTES / 8));
  }

  /** Makes room for `count` more bytes. After it `bytes[length, length + count)` may be written directly. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(1);
    this.bytes[this.length++] = value;
  }

  /** Copies `source[at, at + count)`. Makes no object: `set` would need a view of the source. */
  copy(source: Uint8Array, at: number, count: number): void {
    this.reserve(count);
    if (count < LOOP_BELOW) {
      const { bytes } = this;
      let to = this.length;
      for (let from = at; from < at + count; from++) bytes[to++] = source[from] as number;
    } else {
      copyBytes.call(source, this.bytes, this.length, at, at + count);
    }
    this.length += count;
  }

  /** Writes a literal made by {@link literal}. */
  literal(literal: Literal): void {
    const { words, bytes } = literal;
    if (bytes.length > WORDS_BELOW) {
      this.copy(bytes, 0, bytes.length);
      return;
    }
    // The last word may write up to three bytes too many: room for them, but they do not count.
    this.reserve(words.length * 4);
    const target = this.words;
    let to = this.length;
    for (let i = 0; i < words.length; i++) {
      target.setInt32(to, words[i] as number, true);
      to += 4;
    }
    this.length += bytes.length;
  }

  /** Text known to be ASCII. */
  ascii(text: string): void {
    this.reserve(text.length);
    if (text.length >= LOOP_BELOW) {
      this.length += this.bytes.write(text, this.length, 'latin1');
      return;
    }
    const { bytes } = this;
    let to = this.length;
    for (let i = 0; i < text.length; i++) bytes[to++] = text.charCodeAt(i);
    this.length = to;
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, 'utf8');
  }

  /** The bytes written so far, sharing memory: valid until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  #grow(count: number): void {
    let capacity = this.bytes.length * 2;
    while (capacity < this.length + count) capacity *= 2;
    const bytes = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(bytes, 0, 0, this.length);
    this.#replace(bytes);
  }

  #replace(bytes: Buffer): void {
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer);
  }
}
