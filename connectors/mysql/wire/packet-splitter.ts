/** Longest payload of one frame; a longer packet goes on in the next one. */
const FRAME_MAX = 0xff_ffff;
const HEADER = 4;
const KEPT_BYTES = 4 << 20;

/**
 * Cuts the bytes of a socket into packets of the MySQL protocol.
 *
 *     frame  = length:u24le sequence:u8 payload      packet = frames, the last one shorter than 2^24-1
 *
 * After {@link next} a packet lies in `bytes[at, end)`, valid until the next {@link feed}. Whole packets of a
 * chunk are read in place; what is cut off at its end is kept.
 */
export class PacketSplitter {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;
  /** Sequence number of the packet's last frame. */
  sequence = 0;
  #from = 0;
  #to = 0;
  /** `bytes` is a buffer of our own, with room behind `#to`. */
  #own = false;

  /** Bytes that no packet was made of yet. */
  get left(): number {
    return this.#to - this.#from;
  }

  feed(chunk: Buffer): void {
    const left = this.left;
    if (left === 0) {
      this.bytes = chunk;
      this.#own = false;
      this.#from = 0;
      this.#to = chunk.length;
      return;
    }
    this.#reserve(chunk.length);
    chunk.copy(this.bytes, this.#to);
    this.#to += chunk.length;
  }

  /** Finds the next packet; false: more bytes are needed. */
  next(): boolean {
    const { bytes } = this;
    const to = this.#to;
    let frame = this.#from;
    let parts = 0;
    for (;;) {
      if (to - frame < HEADER) return false;
      const length = bytes.readUIntLE(frame, 3);
      if (to - frame - HEADER < length) return false;
      frame += HEADER + length;
      parts++;
      if (length < FRAME_MAX) break;
    }
    this.sequence = bytes[this.#lastFrame(parts) + 3] ?? 0;
    this.at = this.#from + HEADER;
    this.end = parts === 1 ? frame : this.#join(parts);
    this.#from = frame;
    return true;
  }

  #lastFrame(parts: number): number {
    return this.#from + (parts - 1) * (HEADER + FRAME_MAX);
  }

  /** Moves the payloads of several frames together; returns where they end. */
  #join(parts: number): number {
    const { bytes } = this;
    let to = this.#from + HEADER;
    for (let part = 0; part < parts; part++) {
      const frame = this.#from + part * (HEADER + FRAME_MAX);
      const length = bytes.readUIntLE(frame, 3);
      bytes.copyWithin(to, frame + HEADER, frame + HEADER + length);
      to += length;
    }
    return to;
  }

  #reserve(count: number): void {
    const left = this.left;
    const fits = this.#own && this.#to + count <= this.bytes.length;
    if (fits) return;
    if (this.#own && left + count <= this.bytes.length && this.bytes.length <= KEPT_BYTES) {
      this.bytes.copyWithin(0, this.#from, this.#to);
    } else {
      const grown = Buffer.allocUnsafeSlow(Math.max(256 << 10, (left + count) * 2));
      this.bytes.copy(grown, 0, this.#from, this.#to);
      this.bytes = grown;
      this.#own = true;
    }
    this.#from = 0;
    this.#to = left;
  }
}
