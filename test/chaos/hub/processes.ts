import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Hub } from '../../../runtime/hub/port.ts';
import { readAll, values } from '../../conformance/hub/driver.ts';

/** A script as a process; its lines are kept by their first word. */
export class Script {
  readonly child: ChildProcess;
  readonly highest = new Map<string, number>();
  readonly exited: Promise<void>;
  readonly #ready: Promise<void>;

  constructor(name: string, args: readonly string[]) {
    const script = new URL(name, import.meta.url).pathname;
    this.child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.exited = new Promise((resolve) => this.child.once('close', () => resolve()));
    const { stdout } = this.child;
    if (stdout === null) throw new Error('no stdout');
    this.#ready = new Promise((resolve, reject) => {
      createInterface({ input: stdout }).on('line', (line) => {
        const [word = '', number = ''] = line.split(' ');
        if (word === 'ready') resolve();
        else this.highest.set(word, Math.max(Number(number), this.highest.get(word) ?? -1));
      });
      void this.exited.then(() => reject(new Error(`${name} ended early`)));
    });
    this.#ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  said(word: string): number {
    return this.highest.get(word) ?? -1;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}

export interface Recovered {
  /** Highest record of "plain". */
  readonly plain: number;
  /** Highest committed transaction of "pair". */
  readonly pair: number;
  /** Highest record of "accepted". */
  readonly accepted: number;
}

/** Reads all of what the writer left, and throws where it is not what a hub promises. */
export async function recovered(hub: Hub, acknowledged: Recovered, seen: number): Promise<Recovered> {
  const numbers = (await readAll(hub, 'plain')).map(({ value }) => Number(value?.split(' ')[0]));
  numbers.forEach((n, index) => {
    if (n !== index) throw new Error(`record ${n} of "plain" at offset ${index}`);
  });
  const plain = numbers.length - 1;
  if (plain < acknowledged.plain)
    throw new Error(`record ${acknowledged.plain} was acknowledged, ${plain} is the last`);
  if (plain < seen) throw new Error(`record ${seen} was seen by a reader, ${plain} is the last`);
  const [one, two] = await Promise.all(
    [0, 1].map(async (partition) => values(await readAll(hub, 'pair', partition)).map(Number)),
  );
  if (one === undefined || two === undefined || one.join() !== two.join())
    throw new Error('a transaction is half there');
  const pair = one.at(-1) ?? -1;
  const expected = Array.from({ length: pair + 1 }, (_, n) => n).filter((n) => n % 7 !== 6);
  if (one.join() !== expected.join()) throw new Error(`transactions up to ${pair}, some missing, doubled or aborted`);
  if (pair < acknowledged.pair) throw new Error(`transaction ${acknowledged.pair} was committed, ${pair} is the last`);
  const offset = Number((await hub.groups.offsets('g'))[0]?.offset ?? -1n);
  if (offset !== pair) throw new Error(`group offset ${offset} beside transaction ${pair}`);
  const loose = values(await readAll(hub, 'accepted')).map(Number);
  if (loose.some((n, index) => n !== index)) throw new Error('"accepted" has gaps');
  const accepted = loose.length - 1;
  if (accepted < acknowledged.accepted) {
    throw new Error(`record ${acknowledged.accepted} of "accepted" was acknowledged, ${accepted} is the last`);
  }
  return { plain, pair, accepted };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
