import { randomBytes } from 'node:crypto';

const START = 'zQ7-';

/** Secrets that are known by how they begin, in whatever form they turn up. */
export class PlantedSecrets {
  readonly #others = new Set<string>();
  #taken = 0;

  get count(): number {
    return this.#taken + this.#others.size;
  }

  /** A new one; what surrounds it in a text does not matter. */
  take(): string {
    this.#taken++;
    return `${START}${randomBytes(9).toString('hex')}-${this.#taken}`;
  }

  /** One made elsewhere. */
  add(secret: string): void {
    this.#others.add(secret);
  }

  /** The place in a text where one stands, plain or in base64; null: none does. */
  in(text: string): string | null {
    for (const form of FORMS) {
      const at = text.indexOf(form);
      if (at >= 0) return text.slice(Math.max(0, at - 120), at + 60);
    }
    const token = [...text.matchAll(/mlr_[A-Za-z0-9_-]{43}/g)].find(([one]) => this.#others.has(one));
    return token === undefined ? null : token[0];
  }

  /** Configurations with secrets where none was given: in options that had a variable. */
  onlyGivenLiterally(configs: readonly string[]): readonly string[] {
    return configs.filter((text) => /"(?:database\.user|tasks\.max|topic\.prefix)":"[^"]*zQ7-/.test(text));
  }
}

/** Base64 has three ways to write a text, by where it begins. */
const FORMS = [
  START,
  ...[0, 1, 2].map((skip) => {
    const text = Buffer.from('\u0000'.repeat(skip) + START).toString('base64');
    return text.slice(Math.ceil((skip * 8) / 6), Math.floor(((skip + START.length) * 8) / 6));
  }),
];
