import type { GeneratorOptions } from './options.ts';

/** Length of the text that all texts are cut from. */
const POOL_BYTES = 1 << 16;
const LETTERS = Buffer.from('abcdefghijklmnopqrstuvwxyz0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ');

type Shape = Pick<GeneratorOptions, 'seed' | 'keys' | 'record.bytes' | 'key.shape' | 'value.shape'>;

/**
 * What record `n` of a task holds, computed from seed, task and `n` alone: a test knows what must
 * have arrived without having seen it made.
 *
 * Key number: `task * keys + mix(n) mod keys`. Text: a piece of a pool of ASCII letters, which holds
 * nothing that JSON escapes.
 */
export class MadeUp {
  /** Letters that texts are cut from; longer texts than half of it have a longer one. */
  readonly pool: Buffer;
  readonly #shape: Shape;
  readonly #task: number;
  readonly #salt: number;
  /** Bytes of the value's JSON without the digits and the text. */
  readonly #around: number;

  constructor(shape: Shape, task: number) {
    this.#shape = shape;
    this.#task = task;
    this.#salt = mix(mix(shape.seed >>> 0) ^ Math.floor(shape.seed / 2 ** 32) ^ Math.imul(task + 1, 0x9e3779b1));
    this.pool = pool(shape.seed >>> 0, Math.max(POOL_BYTES, shape['record.bytes'] * 2));
    this.#around = Buffer.byteLength(valueJson(this.#shape['key.shape'], task, '', '', ''));
  }

  keyNumber(n: number): number {
    const { keys } = this.#shape;
    // 32 bits are spread evenly enough over as many keys as there are; more keys take a second word.
    const low = mix(n ^ this.#salt);
    const word = keys <= 2 ** 24 ? low : low + mix(low ^ 0x5bd1e995) * 2 ** 20;
    return this.#task * keys + (word % keys);
  }

  textLength(sequenceDigits: number, keyDigits: number): number {
    const bytes = this.#shape['record.bytes'];
    if (this.#shape['value.shape'] === 'text') return bytes;
    const keyed = this.#shape['key.shape'] === 'none' ? 0 : keyDigits;
    return Math.max(0, bytes - this.#around - sequenceDigits - keyed);
  }

  /** Where in the pool the text begins. */
  textAt(n: number, length: number): number {
    return mix(n + this.#salt) % (this.pool.length - length);
  }

  /** The record as a reader of JSON without schemas sees it. */
  record(n: number): { readonly key: string | null; readonly value: string } {
    const { 'key.shape': keyShape, 'value.shape': valueShape } = this.#shape;
    const number = String(this.keyNumber(n));
    const length = this.textLength(String(n).length, number.length);
    const at = this.textAt(n, length);
    const text = this.pool.toString('latin1', at, at + length);
    return {
      key: keyShape === 'none' ? null : keyText(keyShape, number),
      value: valueShape === 'text' ? JSON.stringify(text) : valueJson(keyShape, this.#task, String(n), number, text),
    };
  }
}

function keyText(shape: 'string' | 'int', number: string): string {
  return shape === 'int' ? number : `"key-${number}"`;
}

function valueJson(shape: Shape['key.shape'], task: number, n: string, number: string, text: string): string {
  const key = shape === 'none' ? '' : `,"key":${keyText(shape, number)}`;
  return `{"task":${task},"sequence":${n}${key},"text":"${text}"}`;
}

/** 32 bits well mixed (the finaliser of MurmurHash3). */
function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function pool(seed: number, bytes: number): Buffer {
  const letters = Buffer.allocUnsafeSlow(bytes);
  for (let i = 0; i < bytes; i++) letters[i] = LETTERS[mix(seed ^ Math.imul(i + 1, 0x27d4eb2f)) % LETTERS.length] ?? 0;
  return letters;
}
